"""The style sheet of every display. It uses JupyterLab's variables where they exist, else the page's colours.

It loads nothing. Greys are translucent, so that a plain export is readable on light and dark pages. Each selector repeats the
class, to outweigh JupyterLab's rules for code and tables, which have three classes.
"""

STYLE = """
.pfnb{--pfnb-line:var(--jp-border-color2,rgba(128,128,128,.3));--pfnb-soft:rgba(128,128,128,.09);
--pfnb-mono:var(--jp-code-font-family,ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace);
--pfnb-good:var(--jp-success-color1,#2e9e5b);--pfnb-bad:var(--jp-error-color1,#d9483b);
--pfnb-busy:var(--jp-info-color1,#2f86d6);--pfnb-warn:var(--jp-warn-color1,#d98a1f);
box-sizing:border-box;max-width:72rem;margin:2px 0 6px;border:1px solid var(--pfnb-line);border-radius:6px;overflow:hidden;
contain:paint;text-align:left;font:13px/1.5 var(--jp-ui-font-family,system-ui,-apple-system,'Segoe UI',sans-serif);
color:var(--jp-ui-font-color1,var(--vscode-foreground,inherit));background:var(--jp-layout-color1,transparent)}
.pfnb.pfnb.pfnb.pfnb *{box-sizing:border-box}
.pfnb.pfnb.pfnb.pfnb code,.pfnb.pfnb.pfnb.pfnb pre{font:12px/1.5 var(--pfnb-mono);color:inherit;background:none;
border:0;padding:0;margin:0;
white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:isolate}
.pfnb.pfnb.pfnb.pfnb summary{display:block;list-style:none;cursor:pointer;margin:0}
.pfnb.pfnb.pfnb.pfnb summary::-webkit-details-marker{display:none}
.pfnb.pfnb.pfnb.pfnb summary::before{content:'▸';display:inline-block;width:14px;font-size:11px;opacity:.55}
.pfnb.pfnb.pfnb.pfnb details[open]>summary::before{content:'▾'}
.pfnb.pfnb.pfnb.pfnb summary:hover{background:var(--pfnb-soft)}
.pfnb.pfnb.pfnb.pfnb details{margin:0;padding:0;border:0;background:none}
.pfnb.pfnb.pfnb.pfnb .pfnb-top{display:flex;flex-wrap:wrap;gap:0 12px;align-items:baseline;padding:8px 12px 0}
.pfnb.pfnb.pfnb.pfnb .pfnb-name{flex:1;font-weight:600;font-size:14px}
.pfnb.pfnb.pfnb.pfnb .pfnb-name code{font-weight:600;font-size:13.5px}
.pfnb.pfnb.pfnb.pfnb .pfnb-facts{padding:2px 12px 0}
.pfnb.pfnb.pfnb.pfnb .pfnb-title{padding:6px 12px}
.pfnb.pfnb.pfnb.pfnb .pfnb-ids{padding:0 12px 8px}
.pfnb.pfnb.pfnb.pfnb .pfnb-ids,.pfnb.pfnb.pfnb.pfnb .pfnb-hint{font-size:12px;opacity:.66}
.pfnb.pfnb.pfnb.pfnb .pfnb-ids code{font-size:11.5px}
.pfnb.pfnb.pfnb.pfnb .pfnb-facts>span+span::before{content:'·';opacity:.5;margin:0 7px 0 3px}
.pfnb.pfnb.pfnb.pfnb .pfnb-ids>span{margin-right:14px}
.pfnb.pfnb.pfnb.pfnb .pfnb-part{border-top:1px solid var(--pfnb-line)}
.pfnb.pfnb.pfnb.pfnb .pfnb-part>summary{padding:4px 12px;font-weight:600}
.pfnb.pfnb.pfnb.pfnb .pfnb-part>summary .pfnb-hint{font-weight:400;margin-left:5px}
.pfnb.pfnb.pfnb.pfnb .pfnb-in{padding:1px 12px 8px 26px;overflow-x:auto}
.pfnb.pfnb.pfnb.pfnb .pfnb-kids{display:grid;grid-template-columns:fit-content(17rem) minmax(0,1fr);column-gap:20px}
.pfnb.pfnb.pfnb.pfnb .pfnb-kids .pfnb-kids{margin-left:5px;padding-left:8px;border-left:1px solid var(--pfnb-line)}
.pfnb.pfnb.pfnb.pfnb .pfnb-leaf{display:contents}
.pfnb.pfnb.pfnb.pfnb .pfnb-leaf>:first-child{padding-left:14px}
.pfnb.pfnb.pfnb.pfnb .pfnb-kids summary .pfnb-hint{margin-left:8px}
.pfnb.pfnb.pfnb.pfnb .pfnb-names{font-size:11.5px;opacity:.5;margin-left:6px}
.pfnb.pfnb.pfnb.pfnb .pfnb-kids>details,.pfnb.pfnb.pfnb.pfnb .pfnb-more{grid-column:1/-1}
.pfnb.pfnb.pfnb.pfnb .pfnb-kids>.pfnb-more{padding-left:14px}
.pfnb.pfnb.pfnb.pfnb .pfnb-key{opacity:.78}
.pfnb.pfnb.pfnb.pfnb .pfnb-index{opacity:.5}
.pfnb.pfnb.pfnb.pfnb .pfnb-string::before,.pfnb.pfnb.pfnb.pfnb .pfnb-string::after{content:'"';opacity:.38}
.pfnb.pfnb.pfnb.pfnb .pfnb-number{color:var(--jp-mirror-editor-number-color,#1c8a66)}
.pfnb.pfnb.pfnb.pfnb .pfnb-word{color:var(--jp-mirror-editor-keyword-color,#a45bd0)}
.pfnb.pfnb.pfnb.pfnb .pfnb-hidden{letter-spacing:1px;opacity:.5}
.pfnb.pfnb.pfnb.pfnb .pfnb-mark{color:var(--pfnb-warn);unicode-bidi:isolate}
.pfnb.pfnb.pfnb.pfnb .pfnb-tail{display:flex;flex-direction:column-reverse;max-height:24em;overflow:auto;
background:var(--pfnb-soft)}
.pfnb.pfnb.pfnb.pfnb .pfnb-tail>pre{max-height:none;overflow:visible;padding:6px 12px;background:none}
.pfnb.pfnb.pfnb.pfnb .pfnb-error{color:var(--pfnb-bad)}
.pfnb.pfnb.pfnb.pfnb .pfnb-more{font-size:12px;opacity:.66}
.pfnb.pfnb.pfnb.pfnb pre{max-height:30em;overflow:auto;padding:6px 8px;background:var(--pfnb-soft);border-radius:4px}
.pfnb.pfnb.pfnb.pfnb .pfnb-long>pre{margin:2px 0 4px}
.pfnb.pfnb.pfnb.pfnb .pfnb-long{margin-left:-14px}
.pfnb.pfnb.pfnb.pfnb .pfnb-long>pre{margin-left:14px}
.pfnb.pfnb.pfnb.pfnb table{width:auto;max-width:100%;border-collapse:collapse;border:0;margin:0;font-size:12.5px;
color:inherit}
.pfnb.pfnb.pfnb.pfnb thead{border:0}
.pfnb.pfnb.pfnb.pfnb tbody tr:nth-child(n),.pfnb.pfnb.pfnb.pfnb tr{background:none}
.pfnb.pfnb.pfnb.pfnb th,.pfnb.pfnb.pfnb.pfnb td{text-align:left;vertical-align:baseline;padding:3px 24px 3px 0;border:0;
max-width:none;white-space:normal}
.pfnb.pfnb.pfnb.pfnb tr>:last-child{padding-right:0}
.pfnb.pfnb.pfnb.pfnb th{font-weight:400;font-size:12px;opacity:.66;white-space:nowrap}
.pfnb.pfnb.pfnb.pfnb tbody tr+tr>td{border-top:1px solid var(--pfnb-soft)}
.pfnb.pfnb.pfnb.pfnb .pfnb-end{text-align:right;white-space:nowrap}
.pfnb.pfnb.pfnb.pfnb td>code{display:block;width:max-content;max-width:18rem}
.pfnb.pfnb.pfnb.pfnb td>span{white-space:nowrap}
.pfnb.pfnb.pfnb.pfnb td:last-child>code{width:auto;min-width:12rem;max-width:none}
.pfnb.pfnb.pfnb.pfnb .pfnb-pairs td:first-child{opacity:.78}
.pfnb.pfnb.pfnb.pfnb .pfnb-full{padding:4px 12px 8px;overflow-x:auto}
.pfnb.pfnb.pfnb.pfnb td:last-child>.pfnb-sum{font-size:11px;opacity:.78;width:33ch}
.pfnb.pfnb.pfnb.pfnb .pfnb-gallery{display:flex;flex-wrap:wrap;gap:10px;padding-top:8px}
.pfnb.pfnb.pfnb.pfnb figure{margin:0;max-width:220px}
.pfnb.pfnb.pfnb.pfnb figcaption{font-size:11.5px;opacity:.66;padding:0}
.pfnb.pfnb.pfnb.pfnb img{display:block;max-width:220px;max-height:120px;margin:0 0 2px;
border:1px solid var(--pfnb-line);border-radius:3px}
.pfnb.pfnb.pfnb.pfnb .pfnb-status{white-space:nowrap;font-size:12px}
.pfnb.pfnb.pfnb.pfnb .pfnb-status::before{content:'';display:inline-block;width:7px;height:7px;border-radius:50%;
margin-right:6px;
vertical-align:1px;background:var(--pfnb-tone,rgba(128,128,128,.6))}
.pfnb.pfnb.pfnb.pfnb .pfnb-good{--pfnb-tone:var(--pfnb-good)}.pfnb.pfnb.pfnb.pfnb .pfnb-bad{--pfnb-tone:var(--pfnb-bad)}
.pfnb.pfnb.pfnb.pfnb .pfnb-busy{--pfnb-tone:var(--pfnb-busy)}.pfnb.pfnb.pfnb.pfnb .pfnb-wait{--pfnb-tone:var(--pfnb-warn)}
.pfnb.pfnb.pfnb.pfnb .pfnb-warning{margin:6px 12px 10px;padding:4px 10px;border-left:3px solid var(--pfnb-warn);
background:var(--pfnb-soft)}
.pfnb.pfnb.pfnb.pfnb .pfnb-line{display:grid;column-gap:12px;align-items:baseline;padding:3px 12px 3px 26px;
grid-template-columns:9.2rem minmax(5rem,1fr) 3.2rem 4.2rem minmax(0,11rem) minmax(6rem,13rem)}
.pfnb.pfnb.pfnb.pfnb summary.pfnb-line{position:relative}
.pfnb.pfnb.pfnb.pfnb summary.pfnb-line::before{position:absolute;left:12px;top:4px}
.pfnb.pfnb.pfnb.pfnb .pfnb-line>*{overflow:hidden;text-overflow:ellipsis;white-space:nowrap;min-width:0}
.pfnb.pfnb.pfnb.pfnb .pfnb-head{border-top:1px solid var(--pfnb-line);font-size:12px;opacity:.66;margin-top:6px}
.pfnb.pfnb.pfnb.pfnb .pfnb-entry{border-top:1px solid var(--pfnb-line)}
.pfnb.pfnb.pfnb.pfnb .pfnb-entry>div{background:var(--pfnb-soft);padding:2px 0 2px 14px}
.pfnb.pfnb.pfnb.pfnb .pfnb-entry .pfnb-part{border:0}
.pfnb.pfnb.pfnb.pfnb .pfnb-foot{border-top:1px solid var(--pfnb-line);padding:4px 12px}
"""
