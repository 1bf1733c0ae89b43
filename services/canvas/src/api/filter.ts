/** A term of a list filter: `field op "value"`, the value quoted as the API wants it. */
export function term(field: string, op: '=' | ':' | '<' | '>' | '>=', value: string): string {
  return `${field} ${op} "${value.replace(/[\\"]/g, '\\$&')}"`;
}

export const allOf = (terms: (string | undefined | false)[]): string | undefined =>
  terms.filter(Boolean).join(' AND ') || undefined;
