# The picture of growth.csv: three panels of step times, logarithmic both ways. In: csv, svg.
set terminal svg size 960,340 font "sans-serif,12" background rgb "white"
set output svg
set datafile separator ","
set logscale xy
set grid
set key top left
set format y "%g"
rows(varied, method, column) = sprintf("<awk -F, '$1 == \"%s\" && $3 == \"%s\"' %s", varied, method, csv)
set multiplot layout 1,3
set ylabel "seconds a step"
set xlabel "classes (context 4; batch 32 and 1)"
set xtics (10, 50, 200, 1000)
plot rows("classes", "coop", 4) using 2:($4/1000) with linespoints pt 7 title "CoOp", \
     rows("classes", "cocoop", 4) using 2:($4/1000) with linespoints pt 5 title "CoCoOp"
unset ylabel
set xlabel "context tokens (50 classes)"
set xtics (4, 16, 60)
plot rows("context", "coop", 4) using 2:($4/1000) with linespoints pt 7 title "CoOp", \
     rows("context", "cocoop", 4) using 2:($4/1000) with linespoints pt 5 title "CoCoOp"
set xlabel "images a step (50 classes, context 4)"
set xtics (1, 4, 16, 32)
plot rows("batch", "coop", 4) using 2:($4/1000) with linespoints pt 7 title "CoOp", \
     rows("batch", "cocoop", 4) using 2:($4/1000) with linespoints pt 5 title "CoCoOp"
unset multiplot
