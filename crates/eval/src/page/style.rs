//! How the report looks in a browser and on paper: light, wide tables scroll, no scripts.

/// The style sheet.
pub(super) const STYLE: &str = "
:root { --ink: #1d2733; --soft: #5b6875; --line: #dde3ea; --wash: #f5f7fa; --ours: #0f6fb5; --other: #9aa7b4; --bad: #c2410c; --good: #15803d; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 2rem 1.5rem 4rem; color: var(--ink); background: #fff;
  font: 15px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 .3rem; } h2 { font-size: 1.2rem; margin: 2.6rem 0 .6rem; padding-top: .6rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.4rem 0 .4rem; } p, li { max-width: 52rem; } .soft { color: var(--soft); }
nav a { margin-right: 1rem; color: var(--ours); text-decoration: none; white-space: nowrap; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.4rem, 1fr)); gap: .8rem; margin: 1.2rem 0; }
.tile { border: 1px solid var(--line); border-radius: 8px; padding: .8rem 1rem; } .tile b { display: block; font-size: 1.55rem; line-height: 1.2; }
.tile span { color: var(--soft); font-size: .85rem; }
.wide { overflow-x: auto; margin: .6rem 0 1rem; } table { border-collapse: collapse; font-size: .86rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .7rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { background: var(--wash); font-weight: 600; vertical-align: bottom; } th:first-child, td:first-child, .text { text-align: left; }
td.text { white-space: normal; min-width: 16rem; } tbody tr:hover { background: var(--wash); }
.full { background: #dcefdf; } .most { background: #eef6e6; } .some { background: #fdf3d7; } .none { background: #fbe4dc; }
svg { max-width: 100%; height: auto; display: block; margin: .6rem 0; } svg text { font: 12px system-ui, sans-serif; fill: var(--ink); } svg .small { font-size: 11px; fill: var(--soft); }
.mark { font-size: .72rem; color: var(--soft); border: 1px solid var(--line); border-radius: 4px; padding: 0 .3rem; margin-left: .3rem; }
@media print { body { max-width: none; padding: 0; font-size: 11px; } nav { display: none; } .wide { overflow: visible; } table { font-size: 8px; }
  h2 { break-after: avoid; } tr, svg, .tile { break-inside: avoid; } th, td { padding: .15rem .35rem; } }
";
