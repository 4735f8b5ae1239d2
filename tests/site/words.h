#pragma once

// The vocabulary of the simulated site: words, names and sentences in several scripts. Constant
// data, any thread.

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace site {

// One word with the blank after it, in a slot that can be copied whole.
struct WordSlot {
  std::array<char, 16> text;
  std::uint8_t length;
};

// 1024 slots; frequent words own more than one of them, as in real text.
std::span<const WordSlot, 1024> word_slots();

std::span<const std::string_view> title_subjects();
std::span<const std::string_view> title_kinds();
std::span<const std::string_view>
foreign_titles();  // CJK, right-to-left, emoji, quotes, markup characters
std::span<const std::string_view> foreign_sentences();
std::span<const std::string_view> entity_phrases();
std::span<const std::string_view> code_lines();
std::span<const std::string_view> version_messages();
std::span<const std::string_view> given_names();
std::span<const std::string_view> family_names();
std::span<const std::string_view> space_names();
std::span<const std::string_view> team_labels();

}  // namespace site
