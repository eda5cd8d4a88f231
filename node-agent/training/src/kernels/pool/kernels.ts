import type { Kernel } from './thread-work.js';

/** The kernels that a pool's threads can open, by name; each is loaded where it is first used. */
export const KERNELS = {
  cart: async () => (await import('../cart/cart-kernel.js')).cartKernel,
} as const;

export type KernelName = keyof typeof KERNELS;

/** What a thread knows of a kernel: its messages are the kernel's own. */
export type AnyKernel = Kernel<unknown, unknown, unknown>;
