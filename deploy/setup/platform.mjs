/** Whether this machine can run Trainer at all. */
import { SetupError } from './say.mjs';

/** The oldest Node that the packages accept; 20.19 is the first with `require` of ES modules. */
const LEAST_NODE = [20, 19];

/**
 * @param machine Node's version (`v22.1.0`), `process.platform` and `process.arch`
 * @throws SetupError in one line that names the mend
 */
export function checkPlatform(machine) {
  const [major, minor] = machine.nodeVersion.replace(/^v/, '').split('.').map(Number);
  if (major < LEAST_NODE[0] || (major === LEAST_NODE[0] && minor < LEAST_NODE[1])) {
    throw new SetupError(
      `Trainer needs Node ${LEAST_NODE.join('.')} or later, and this is ${machine.nodeVersion}: install Node 22 or 24 (nodejs.org, or nvm install 24).`,
    );
  }
  if (machine.platform === 'win32') {
    throw new SetupError('Trainer does not run on Windows itself: install WSL (wsl --install) and clone and start it inside.');
  }
  if (machine.platform !== 'linux' && machine.platform !== 'darwin') {
    throw new SetupError(`Trainer has no native parts for ${machine.platform}: use Linux or macOS.`);
  }
  if (machine.arch !== 'x64' && machine.arch !== 'arm64') {
    throw new SetupError(`Trainer has no native parts for ${machine.arch} processors: use a machine with x64 or arm64.`);
  }
}

/**
 * Linux only; asks Node for its report, which costs tens of milliseconds, so only when something is to be installed.
 * @throws SetupError on a system with musl, for which PostgreSQL and the engines have no builds
 */
export function checkLibc() {
  if (process.platform !== 'linux') return;
  process.report.excludeNetwork = true;
  const report = process.report.getReport();
  if (report.header.glibcVersionRuntime === undefined) {
    throw new SetupError(
      "This system's C library is musl, for which PostgreSQL and XGBoost have no builds: use a distribution with glibc, such as Debian, Ubuntu or Fedora.",
    );
  }
}
