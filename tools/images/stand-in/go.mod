module windlass/stand-in

go 1.25
