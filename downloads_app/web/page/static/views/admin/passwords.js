/** Makes passwords that nobody guesses and that can be read out over a telephone. */

const SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"; // none that looks like another
const GROUPS = 4;
const GROUP_LENGTH = 5;

/** 20 signs of 31, 99 bits: "k7fqm-9xhtb-…". */
export function makePassword() {
  const limit = 256 - (256 % SIGNS.length); // so that each sign is equally likely
  let signs = "";
  while (signs.length < GROUPS * GROUP_LENGTH) {
    const [byte] = crypto.getRandomValues(new Uint8Array(1));
    if (byte < limit) signs += SIGNS[byte % SIGNS.length];
  }
  return signs.match(/.{5}/g)?.join("-") ?? signs;
}
