/** Does the setting, a part of names such as that of BENCH_MODELS, ask for this one? Not set, it asks for all. */
export function isWanted(setting: string, name: string): boolean {
  return name.includes(process.env[setting] ?? '');
}
