// Draws the charts of a page from the values that stand beside them, in the colours of the page, and again when these
// change. What a chart shows stands in a table as well; this is for the eye.
(() => {
  'use strict';

  const drawn = new Map();

  const colours = () => {
    const style = getComputedStyle(document.documentElement);
    return (name) => style.getPropertyValue(`--${name}`).trim();
  };

  const counts = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
  const short = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 });
  const shares = new Intl.NumberFormat('en-US', { style: 'percent', minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const sharesShort = new Intl.NumberFormat('en-US', { style: 'percent', maximumFractionDigits: 1 });
  const signed = new Intl.NumberFormat('en-US', { style: 'percent', maximumFractionDigits: 1, signDisplay: 'exceptZero' });
  const amounts = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const dayName = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });
  const dayShort = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });
  const day = (text, format) => format.format(new Date(`${text}T00:00:00Z`));

  const spelt = (value, unit, currency) => {
    if (value === null || value === undefined) return '–';
    if (unit === 'share') return shares.format(value);
    if (unit === 'money') return `${(currency === 'JPY' ? counts : amounts).format(value)} ${currency}`;
    return counts.format(value);
  };

  // What lies in days that have not settled is drawn in dashes: the last closed value begins them.
  const parts = (line, closed) => {
    if (closed >= line.values.length) return [line.values];
    return [
      line.values.map((value, n) => (n < closed ? value : null)),
      line.values.map((value, n) => (n >= closed - 1 ? value : null)),
    ];
  };

  const seriesOf = (chart, metric, of) => {
    const series = [];
    const alone = metric.lines.filter((line) => !line.then).length === 1;
    for (const line of metric.lines) {
      const colour = line.then ? of('ink-soft') : of(alone ? 's1' : `s${line.colour}`);
      parts(line, line.then ? line.values.length : chart.closed).forEach((values, n) => {
        series.push({
          type: 'line', name: line.name, data: values, symbol: 'circle', symbolSize: 5, showSymbol: false,
          connectNulls: false, z: line.then ? 2 : 3, emphasis: { disabled: true },
          lineStyle: { color: colour, width: line.then ? 1.5 : 2, type: line.then || n ? [5, 4] : 'solid', opacity: line.then ? 0.7 : 1 },
          itemStyle: { color: colour },
          areaStyle: alone && !line.then && !n ? { color: colour, opacity: 0.07 } : undefined,
        });
      });
    }
    if (chart.shaded?.length) series[0].markArea = shades(chart, of);
    return series;
  };

  // Days of which Amazon has changed its mind.
  const shades = (chart, of) => ({
    silent: true, itemStyle: { color: of('warn'), opacity: 0.1 },
    data: chart.shaded.map(([first, last]) => [
      { xAxis: chart.days[Math.max(0, first - 1)] }, { xAxis: chart.days[Math.min(chart.days.length - 1, last + 1)] },
    ]),
  });

  // From what Amazon said first, which is 0, to what it says now.
  const bandsOf = (metric, of) => metric.lines.map((line) => ({
    type: 'bar', name: line.name, data: line.values, barMaxWidth: 18, barGap: '10%', emphasis: { disabled: true },
    itemStyle: { color: of(`s${line.colour}`), opacity: 0.75, borderRadius: 2 },
  }));

  const tooltip = (chart, metric, of) => ({
    trigger: 'axis', renderMode: 'richText', confine: true,
    backgroundColor: of('surface'), borderColor: of('line-strong'), padding: [8, 12],
    textStyle: { color: of('ink'), fontSize: 12.5, fontFamily: 'system-ui, sans-serif' },
    axisPointer: { type: 'line', lineStyle: { color: of('line-strong') } },
    formatter: (points) => {
      const n = points[0].dataIndex;
      const lines = [`${day(chart.days[n], dayName)}${n >= chart.closed ? ', preliminary' : ''}`];
      for (const line of metric.lines) {
        if (line.values[n] === null && metric.lines.length > 2) continue;
        if (chart.kind === 'bands') {
          if (line.values[n] === null) continue;
          lines.push(`${line.name}: said ${spelt(line.first[n], metric.unit, line.currency)}, says ${spelt(line.now[n], metric.unit, line.currency)} (${signed.format(line.values[n])})`);
          continue;
        }
        const when = line.then && chart.then_days ? `${line.name}, ${day(chart.then_days[n], dayName)}` : line.name;
        lines.push(`${when}: ${spelt(line.values[n], metric.unit, chart.currency)}`);
      }
      return lines.join('\n');
    },
  });

  const option = (chart, metric, narrow) => {
    const of = colours();
    const named = metric.lines.filter((line) => metric.lines.length > 1).map((line) => line.name);
    const isBands = chart.kind === 'bands';
    const unit = isBands ? 'share' : metric.unit;
    const text = { color: of('ink-soft'), fontSize: 11.5, fontFamily: 'system-ui, sans-serif' };
    const last = chart.days.length - 1;
    return {
      animation: false, textStyle: text, backgroundColor: 'transparent',
      grid: { left: 4, right: 12, top: named.length ? 38 : 14, bottom: chart.zoom ? 52 : 6, containLabel: true },
      legend: { show: named.length > 0, data: named, left: 0, top: 4, type: 'scroll', icon: 'roundRect', itemWidth: 14, itemHeight: 3, itemGap: 16, textStyle: text, pageTextStyle: text, pageIconColor: of('ink-soft'), inactiveColor: of('line-strong') },
      tooltip: tooltip(chart, metric, of),
      xAxis: {
        type: 'category', data: chart.days, boundaryGap: isBands, axisTick: { show: false }, axisLine: { lineStyle: { color: of('line-strong') } },
        axisLabel: { ...text, formatter: (value) => day(value, dayShort), hideOverlap: true, showMaxLabel: true, alignMaxLabel: 'right', showMinLabel: true, alignMinLabel: 'left', margin: 10 },
      },
      yAxis: {
        type: 'value', scale: unit === 'share' && !isBands, min: unit === 'share' ? undefined : 0, splitNumber: narrow ? 3 : 4,
        axisLabel: { ...text, formatter: (value) => (isBands ? signed.format(value) : unit === 'share' ? sharesShort.format(value) : short.format(value)) },
        splitLine: { lineStyle: { color: of('line') } },
      },
      dataZoom: chart.zoom ? [
        { type: 'inside', zoomOnMouseWheel: 'ctrl', moveOnMouseWheel: false, moveOnMouseMove: false, preventDefaultMouseMove: false, startValue: Math.max(0, last - (narrow ? 60 : 120)), endValue: last },
        { type: 'slider', height: 26, bottom: 6, left: 8, right: 8, borderColor: of('line'), fillerColor: `${of('accent')}22`, backgroundColor: of('sunk'), dataBackground: { lineStyle: { color: of('line-strong') }, areaStyle: { color: of('line') } }, selectedDataBackground: { lineStyle: { color: of('accent') }, areaStyle: { color: of('accent'), opacity: 0.15 } }, handleStyle: { color: of('surface'), borderColor: of('accent') }, moveHandleStyle: { color: of('line-strong') }, textStyle: text, labelFormatter: (_, value) => day(value, dayShort), brushSelect: false },
      ] : [],
      series: isBands ? bandsOf(metric, of) : seriesOf(chart, metric, of),
    };
  };

  // A ratio is divided here, from the two that stand in the page.
  const divided = (chart) => {
    const lines = (key) => chart.metrics.find((one) => one.key === key).lines;
    for (const metric of chart.metrics.filter((one) => one.of)) {
      const [above, below] = metric.of.map(lines);
      metric.lines = above.flatMap((line) => {
        const base = below.find((one) => one.name === line.name);
        if (!base) return [];
        return [{ ...line, values: line.values.map((value, n) => (value === null || !base.values[n] ? null : value / base.values[n])) }];
      });
    }
    return chart;
  };

  const draw = (figure) => {
    if (typeof echarts === 'undefined') return;
    const box = figure.querySelector('.chart-box');
    const state = drawn.get(figure) || { data: divided(JSON.parse(figure.querySelector('script').textContent)) };
    const chosen = figure.querySelector('.pills :checked')?.value;
    const metric = state.data.metrics.find((one) => one.key === chosen) || state.data.metrics[0];
    if (!metric) return;
    if (!state.view) {
      state.view = echarts.init(box, null, { renderer: 'canvas' });
      new ResizeObserver(() => state.view.resize()).observe(box);
      figure.addEventListener('change', () => draw(figure));
      drawn.set(figure, state);
    }
    const zoom = state.view.getOption()?.dataZoom?.[0];
    state.view.setOption(option(state.data, metric, box.clientWidth < 560), { notMerge: true });
    if (zoom && state.data.zoom) state.view.dispatchAction({ type: 'dataZoom', start: zoom.start, end: zoom.end });
    box.dataset.drawn = metric.key;
  };

  const drawAll = () => document.querySelectorAll('[data-chart]').forEach(draw);
  document.addEventListener('themechange', drawAll);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);
  document.addEventListener('htmx:after:settle', drawAll);
  drawAll();
})();
