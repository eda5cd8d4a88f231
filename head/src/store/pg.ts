import './navigator.js';
import pg from 'pg';

/** The PostgreSQL driver, which must find a `navigator`. */
export { pg };
