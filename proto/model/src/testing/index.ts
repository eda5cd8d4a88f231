export { aTrainRequest } from './train-request.js';
