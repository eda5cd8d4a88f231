import { describeClusterStore } from './cluster-store.contract.js';
import type { StoreFixture } from './cluster-store.contract.js';
import { describeForgetting } from './forgetting.contract.js';
import { emptyRows, memoryStore } from './memory-store.js';

async function open(): Promise<StoreFixture> {
  let isLeading = true;
  const takeOver = async (): Promise<void> => void (isLeading = false);
  return { store: memoryStore(emptyRows(), () => isLeading), takeOver };
}

describeClusterStore('memory', open);
describeForgetting('memory', open);
