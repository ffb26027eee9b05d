// A file of statements, of whatever kind and encoding, as rows.
#pragma once

#include "events/import/statement.h"
#include "events/import/text_file.h"

namespace amity::events {

// XML is decoded as it declares unless the encoding is named. An error is one of the whole file, its place the line.
Result<StatementRows> read_statement_file(TextFile& file, const FileEncoding& encoding,
                                          const StatementReading& reading);

}  // namespace amity::events
