/** The start of the page: it shows the sign-in form if nobody is signed in, and then the downloads. */

import { announce } from "./announcer.js";
import { byId, setText, show } from "./dom.js";
import { currentUser, onChangeElsewhere, onSessionEnd, signOut } from "./session.js";
import { askForNewPassword, stopAskingForNewPassword } from "./newpassword.js";
import { askToSignIn, stopAsking } from "./signin.js";
import { mountViews } from "./views/shell.js";
import { watch } from "./watch.js";
import { say } from "./words.js";

const RETRY_MILLISECONDS = 3000;
/** @type {(() => void) | null} */
let stopWatching = null;
let beginnings = 0;

async function begin(reason = "") {
  leave();
  const mine = ++beginnings;
  let user;
  try {
    user = await currentUser();
    if (mine !== beginnings) return; // meanwhile another tab has changed the session
  } catch (error) {
    setText(byId("notice"), say("app.trying_again", { reason: error.message }));
    show(byId("notice"), true);
    setTimeout(begin, RETRY_MILLISECONDS, reason);
    return;
  }
  show(byId("notice"), false);
  if (user?.must_change_password) askForNewPassword(user).then(() => begin());
  else if (user) enter(user);
  else askToSignIn(reason).then(() => begin());
}

function enter(user) {
  stopAsking();
  setText(byId("user-name"), user.username);
  show(byId("account"), true);
  const over = () => {
    announce(say("session.ended"));
    begin(say("session.ended_sign_in"));
  };
  const stops = [mountViews(user), watch(user, over), onSessionEnd(over)];
  stopWatching = () => stops.forEach((stop) => stop());
}

function leave() {
  stopWatching?.();
  stopWatching = null;
  stopAsking();
  stopAskingForNewPassword();
  show(byId("account"), false);
}

byId("sign-out").addEventListener("click", async () => {
  try {
    await signOut();
    begin();
  } catch (error) {
    announce(error.message);
  }
});
onChangeElsewhere(() => begin());
begin();
