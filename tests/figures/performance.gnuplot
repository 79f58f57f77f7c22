# The pictures of docs/performance.md, from its data: tests/bench --pictures.
set terminal svg size 640,300 dynamic font 'sans-serif,12' background rgb 'white'
set datafile separator tab
set style fill solid 0.85 border rgb 'white'
set style data histograms
set boxwidth 0.9
set border 3
set tics nomirror
set grid ytics lc rgb '#dddddd'
set yrange [0:*]
set bmargin 3.2
set key outside top horizontal

# The median of a column of the rows of that name, as tests/bench takes it.
number(name, column) = real(system("awk -F '\t' -v name=".name." -v column=".column." '$1 == name { print $column }' '".data."' | sort -g | awk '{ v[NR] = $1 } END { print NR == 0 ? 0 : (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'"))

# ---- One token ----
set output folder.'/performance-token.svg'
set ylabel 'milliseconds'
array Titles[4] = ["chronoctl,\nkey in a file", "curl | openssl,\nkey in a file", "chronoctl,\nkey in a token", "curl | pkcs11-tool,\nkey in a token"]
array Names[4] = ["file", "openssl", "pkcs11", "pkcs11-tool"]
array Wall[4]
array Processor[4]
do for [i = 1:4] { Wall[i] = number(Names[i], 2); Processor[i] = number(Names[i], 3) }
set style histogram clustered gap 1
plot Wall using (Wall[$1]):xtic(Titles[$1]) title 'wall clock' lc rgb '#2b6ca3', \
     Processor using (Processor[$1]) title 'processor time' lc rgb '#e09f3e'

# ---- Slow HSMs and servers ----
set output folder.'/performance-slow.svg'
set ylabel 'milliseconds to the token'
array Cases[4] = ["hsm5-server100", "hsm5-server500", "hsm20-server100", "hsm20-server500"]
array Labels[4] = ["5 ms a call,\nserver 100 ms", "5 ms a call,\nserver 500 ms", "20 ms a call,\nserver 100 ms", "20 ms a call,\nserver 500 ms"]
array Taken[4]
array Limits[4]
do for [i = 1:4] { Taken[i] = number(Cases[i], 4); Limits[i] = number('limit-'.Cases[i], 2) }
plot Taken using (Taken[$1]):xtic(Labels[$1]) title 'chronoctl' lc rgb '#2b6ca3', \
     Limits using (Limits[$1]) title 'goal: at most' lc rgb '#bbbbbb'

# ---- Fleets ----
set output folder.'/performance-fleet.svg'
set ylabel 'of the rate of C\_Sign alone'
set yrange [0:1.05]
array Servers[3] = ["100 servers", "1,000 servers", "10,000 servers"]
array Counts[3] = [100, 1000, 10000]
array Large[3]
array Small[3]
wall(key, i) = number(sprintf('%s-%d', key, Counts[i]), 2)
raw(key, i) = number(sprintf('raw-%s-%d', key, Counts[i] > 1000 ? Counts[i] : 1000), 2)
share(key, i) = wall(key, i) == 0 ? 0 : Counts[i] * 1000.0 / wall(key, i) / raw(key, i)
do for [i = 1:3] { Large[i] = share('rsa4096', i); Small[i] = share('rsa2048', i) }
plot Large using (Large[$1]):xtic(Servers[$1]) title 'RSA-4096' lc rgb '#2b6ca3', \
     Small using (Small[$1]) title 'RSA-2048' lc rgb '#e09f3e'
