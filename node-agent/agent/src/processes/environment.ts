import { TrainerError, type Grant, type GpuDevice } from '@trainer/model';

/** The variable would change how programs are loaded or run, or is the agent's to set. */
export class EnvironmentRefusedError extends TrainerError<'env.refused', { name: string }> {
  constructor(name: string, why: string) {
    const shown = JSON.stringify(name.slice(0, 100));
    super('env.refused', `The variable ${shown} can't be set for an actor: ${why}. Leave it out, or choose another name.`, {
      name: name.slice(0, 100),
    });
  }
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,254}$/;

/** Names and beginnings of names (with `*`) that are refused, and why; whatever their case (docs/actors.md). */
const REFUSED: readonly (readonly [names: string, why: string])[] = [
  ['TRAINER_*', "names that begin with TRAINER_ are the cluster's own"],
  ['OMP_* OPENBLAS_* GOTO_* MKL_* BLIS_* KMP_* GOMP_* CUDA_* NVIDIA_* UV_*', 'its lease decides about threads and devices'],
  [
    'LD_* DYLD_* LIBPATH SHLIB_PATH GLIBC_* MALLOC_* GCONV_PATH LOCPATH NLSPATH GETCONF_DIR ICU_DATA TZDIR ASAN_* LSAN_* TSAN_* UBSAN_*',
    'it changes how programs and libraries are loaded',
  ],
  [
    'NODE_* NPM_* PYTHON* PERL* RUBY* GEM_* JAVA_* _JAVA_* JDK_* LUA_* TCLLIBPATH GIO_* GTK_* QT_*',
    'it changes what interpreters and frameworks load',
  ],
  ['PATH HOME SHELL IFS ENV BASH* SHELLOPTS PS4 CDPATH PROMPT_COMMAND TMPDIR EDITOR PAGER', 'it changes what shells and programs run'],
  ['SSL_* SSLKEYLOGFILE OPENSSL_* HOSTALIASES LOCALDOMAIN RES_OPTIONS RESOLV_* KRB5_*', 'it changes whom connections trust or reach'],
];

const RULES = REFUSED.flatMap(([names, why]) =>
  names.split(' ').map((name) => ({ begins: name.endsWith('*'), name: name.replace('*', ''), why })),
);

/** @returns why an actor may not have the variable; null: it may */
function whyRefused(name: string): string | null {
  if (!NAME.test(name)) return 'a name has letters, digits and underscores, up to 255 of them, and does not begin with a digit';
  const upper = name.toUpperCase();
  return RULES.find((rule) => (rule.begins ? upper.startsWith(rule.name) : upper === rule.name))?.why ?? null;
}

/** @returns the threads an actor may use: the CPUs of its lease, at least one */
export function threadsOf(grant: Grant): number {
  return Math.max(1, Math.floor(grant.cpuMilli / 1000));
}

/**
 * The variables that an actor's process sets before it loads anything: thread counts, its devices, what its creator asked for.
 * @throws EnvironmentRefusedError
 */
export function actorEnvironment(
  grant: Grant,
  gpus: readonly GpuDevice[],
  asked: Readonly<Record<string, string>>,
): Record<string, string> {
  for (const [name, value] of Object.entries(asked)) {
    const why = value.includes('\0') ? 'its value has U+0000, where a variable ends' : whyRefused(name);
    if (why !== null) throw new EnvironmentRefusedError(name, why);
  }
  const threads = String(threadsOf(grant));
  const devices = grant.gpus.map(({ index }) => gpus.find((gpu) => gpu.index === index)?.uuid ?? String(index));
  return {
    ...asked,
    OMP_NUM_THREADS: threads,
    OPENBLAS_NUM_THREADS: threads,
    // Spinning threads of one actor would take the time of the others.
    OMP_WAIT_POLICY: 'passive',
    CUDA_VISIBLE_DEVICES: devices.join(','),
  };
}
