import type { TaskType } from '@trainer/model';
import { classification } from './classification.js';
import { regression } from './regression.js';
import type { Task } from './task.js';

/** @throws RangeError for a task that no model of this version has */
export function taskOf(type: TaskType): Task {
  switch (type) {
    case 'classification':
      return classification;
    case 'regression':
      return regression;
    case 'clustering':
      throw new RangeError('No model of this version clusters.');
  }
}
