import type { TaskType } from '@trainer/model';
import { classification } from './classification.js';
import { clustering } from './clustering.js';
import { regression } from './regression.js';
import type { Task } from './task.js';

/** The task of a type. */
export function taskOf(type: TaskType): Task {
  switch (type) {
    case 'classification':
      return classification;
    case 'regression':
      return regression;
    case 'clustering':
      return clustering;
  }
}
