/** Tells whether a host name or address can only mean this machine: `localhost`, 127.0.0.0/8 or ::1, with or without []. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i.test(host);
}
