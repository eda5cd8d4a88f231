export { aSentTrainRequest, aTrainRequest } from './train-request.js';
