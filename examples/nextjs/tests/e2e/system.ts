/** Ports of the system under test; different from those of `make web`, which may be running. */
export const ports = { WEB_PORT: "3100", API_PORT: "8100", EMULATOR_PORT: "4666" };

export const apiUrl = `http://localhost:${ports.API_PORT}`;
export const bucketOrigin = `http://127.0.0.1:${ports.EMULATOR_PORT}`;
