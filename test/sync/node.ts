/** The node that the tests of links are about. */
export const NODE = "8f0e7a86-1f2b-4d0c-9c9e-6b1f4a6c2e55";
