module go-module

go 1.19
