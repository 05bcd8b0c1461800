/** What the log says when a machine asks for a file that nobody has put there. */
export const NOT_THERE = "A machine asked for a boot file that is not there";
