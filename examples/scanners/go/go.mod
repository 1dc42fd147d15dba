module sluice.example/scanner

go 1.22
