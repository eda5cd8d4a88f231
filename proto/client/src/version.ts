/** The version of this package; the head names the one to install when it is too old. A test holds it against package.json. */
export const CLIENT_VERSION = '0.1.0';
