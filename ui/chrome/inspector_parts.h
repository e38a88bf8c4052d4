// What the Inspector of every workspace is made of.
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

/// The numbers of the state, above what lies under the cursor.
void retrieval_values(ChromeContext& context);
void attention_values(ChromeContext& context);
void cv_values(ChromeContext& context);
void alignment_values(ChromeContext& context);
void residual_values(ChromeContext& context);
void jacobian_values(ChromeContext& context);
/// What is looked at besides, below it.
void retrieval_details(ChromeContext& context);
/// What to beware of.
void retrieval_warnings(ChromeContext& context);
void attention_warnings(ChromeContext& context);
void cv_warnings(ChromeContext& context);
void alignment_warnings(ChromeContext& context);
void residual_warnings(ChromeContext& context);
void jacobian_warnings(ChromeContext& context);

} // namespace attnscope::ui
