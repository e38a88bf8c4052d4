// What the Inspector and the status bar of every workspace are made of.
#pragma once

#include "chrome/chrome.h"
#include "widgets/controls.h"

#include <string>

namespace attnscope::ui {

void paragraph(const std::string& text, const ImVec4& colour, ImFont* font = nullptr, float scale = 1);
void rule();
/// A table of names and values; EndTable() when it is open.
bool begin_values(const char* id);
void value_row(const ThemeColours& theme, const char* name, const std::string& value, const char* tooltip = nullptr,
               const ImVec4* colour = nullptr);
std::string number_or_dash(double value, int digits = 4);
void warning_line(const std::string& text, const ThemeColours& theme);

// Of the line at the bottom.
std::string duration_text(double seconds);
/// Words set apart from the next.
void status_part(const std::string& text, const ImVec4& colour, const char* tooltip = nullptr);

} // namespace attnscope::ui
