// A call of the server, whose every failure is an answer too.

let offline = false;

/** The answer; an error of any kind comes back as {error}. */
async function ask(call, payload) {
  try {
    const result = await server[call](payload ?? {});
    offline = false;
    return result ?? { error: { type: "InternalError", message: "" } };
  } catch {
    offline = true;
    return { error: { type: "Offline", message: "" } };
  }
}
