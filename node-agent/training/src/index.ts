export { TrainingRank } from './rank/training-rank.js';
