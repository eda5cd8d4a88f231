import { fileURLToPath } from 'node:url';

/*
 * Files of this package. They are named here, as high as `dist` and the files into which it is packed (deploy/setup/build.mjs), so
 * that both find them.
 */

/** The command, packed. */
export const COMMAND = fileURLToPath(new URL('../dist/main.bundle.mjs', import.meta.url));
/** With the version of this clone. */
export const MANIFEST = fileURLToPath(new URL('../package.json', import.meta.url));
/** Where set-up puts what npm doesn't have. */
export const NATIVE_FOLDER = fileURLToPath(new URL('../native', import.meta.url));
/** Fisher's iris measurements (1936): 150 flowers, 4 lengths, 3 species. */
export const SAMPLE = fileURLToPath(new URL('../sample/iris.csv', import.meta.url));
