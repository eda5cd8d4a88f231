import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { ROOT, startProgram } from '../harness/index.js';

/** What is shared with the tree that is copied: packages, which whoever lacks one installs for both. */
const LINKED = [join('deploy', 'native'), join('.cache', 'python')];
/** What is no part of the sources or of what was built of them. */
const LEFT_OUT = new Set(['.git', '.cache', '.trainer', 'coverage', 'node_modules', 'native']);
const BUILD_MS = 300_000;

/** How a program ended, and all that it wrote. */
export interface Ran {
  readonly code: number | null;
  readonly text: string;
}

/** A copy of this tree, with all that was built, that may be changed and built by itself. */
export class TreeCopy implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), 'trainer-tree-'));

  constructor() {
    // With its times, so that what is built stays fresh.
    cpSync(ROOT, this.root, { recursive: true, preserveTimestamps: true, filter: (path) => !LEFT_OUT.has(path.split(sep).at(-1) ?? '') });
    for (const path of LINKED) {
      // A fresh clone has no packages of Python yet; a link to nothing could not be filled.
      mkdirSync(join(ROOT, path), { recursive: true });
      mkdirSync(join(this.root, path, '..'), { recursive: true });
      symlinkSync(join(ROOT, path), join(this.root, path));
    }
    for (const folder of packageFolders()) this.#linkModules(folder);
  }

  /** Copies files of `folder` to where they are said to go, by paths in this tree. */
  add(folder: string, files: Readonly<Record<string, string>>): void {
    for (const [to, from] of Object.entries(files)) cpSync(join(folder, from), join(this.root, to));
  }

  write(path: string, text: string): void {
    writeFileSync(join(this.root, path), text);
  }

  /** Runs the style checker on one file. */
  lint(path: string): Promise<Ran> {
    return this.#run([join('node_modules', 'eslint', 'bin', 'eslint.js'), path]);
  }

  build(): Promise<Ran> {
    return this.#run([join('deploy', 'setup', 'build.mjs')]);
  }

  /** Runs the tests of these paths whose names hold `name`. */
  test(paths: readonly string[], name: string): Promise<Ran> {
    const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
    return this.#run([...flags, join('node_modules', 'jest', 'bin', 'jest.js'), '--ci', '--runInBand', '-t', name, ...paths]);
  }

  /** Every file of the sources, by its path in the tree. */
  sources(): string[] {
    return sourcesOf(this.root);
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }

  async #run(words: readonly string[]): Promise<Ran> {
    const program = startProgram(process.execPath, words, { cwd: this.root });
    const timer = setTimeout(() => program.kill('SIGKILL'), BUILD_MS);
    const { code, stdout, stderr } = await program.ended.finally(() => clearTimeout(timer));
    return { code, text: stdout + stderr };
  }

  /** Links of a package to others of the workspace stay relative, so they lead into the copy; all else is shared. */
  #linkModules(folder: string): void {
    const [from, to] = [join(ROOT, folder, 'node_modules'), join(this.root, folder, 'node_modules')];
    mkdirSync(to, { recursive: true });
    if (!existsSync(from)) return;
    for (const name of readdirSync(from)) {
      if (name === '.cache') continue;
      if (name === '@trainer') cpSync(join(from, name), join(to, name), { recursive: true, verbatimSymlinks: true });
      else symlinkSync(join(from, name), join(to, name));
    }
  }
}

/** The root, and the packages of the workspace that have modules of their own. */
function packageFolders(): string[] {
  const { references } = JSON.parse(readFileSync(join(ROOT, 'tsconfig.json'), 'utf8')) as { references: { path: string }[] };
  return ['.', ...references.map(({ path }) => path)];
}

/** What people write: no list that the build makes. */
export function sourcesOf(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !path.split(sep).some((part) => LEFT_OUT.has(part) || part === 'dist' || part === 'gen'))
    .sort();
}
