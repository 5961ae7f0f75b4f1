"""A stand-in of the European Central Bank: the euro's reference rates, as files that anybody may fetch."""
