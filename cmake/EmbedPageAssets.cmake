# Writes page_assets.cpp, which holds the page's HTML, CSS and JavaScript as they are in FOLDER. In: FOLDER, OUTPUT.
set(source "// Made from the files in core/report/page.\n#include \"report/page/page_assets.h\"\n\nnamespace promptbed::page_assets {\n\n")
foreach(name page.html section.html figure.html table.html making.html page.css page.js)
  file(READ ${FOLDER}/${name} text)
  string(REPLACE "." "_" identifier ${name})
  string(APPEND source "const std::string_view ${identifier} = R\"asset(${text})asset\";\n\n")
endforeach()
string(APPEND source "}  // namespace promptbed::page_assets\n")
file(WRITE ${OUTPUT} "${source}")
