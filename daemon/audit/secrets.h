#pragma once

// What looks like a secret in a text: keys and tokens by the forms that their makers document,
// private key blocks, URLs with a password, assignments to names like `password` whose value looks
// random enough. It errs on the side of silence where a name could be an example ("changeme",
// "${TOKEN}", "<your key>").
//
// The text of a secret never leaves this file but in `Secret::text`, a view into what was given,
// which goes nowhere but into digests. Pure and linear in the text; any thread.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace audit {

struct Secret {
  std::string_view kind;    // stable, for scripts: "github-token"
  std::string_view label;   // for people: "GitHub token"
  std::string_view masked;  // how it is shown: "ghp_…", what is public of its form and no more
  std::string_view text;    // a view into the text: the whole of it
  std::size_t begin = 0;    // its place there, in bytes
  int line = 1;             // from 1; lines end at LF
  bool guessable = false;   // chosen by a person, so that a digest of it could be tried out
};

// kMarkup: without assignments, of which every attribute is one.
enum class Look { kEverything, kMarkup };
// In their order, none within another.
std::vector<Secret> find_secrets(std::string_view text, Look look = Look::kEverything);
// The text with each of them replaced by what is shown of it.
std::string mask_secrets(std::string_view text);

// Bits for each character, of the distribution of characters in the text.
double entropy(std::string_view text);

}  // namespace audit
