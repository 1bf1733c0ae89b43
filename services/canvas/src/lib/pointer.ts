/** One step of a JSON Pointer (RFC 6901). */
export const pointerStep = (key: string) => `/${key.replace(/~/g, '~0').replace(/\//g, '~1')}`;
