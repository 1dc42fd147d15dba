// Office documents: macros, fields, templates and objects that run or fetch code. The scanner shows
// YARA the parts of a document (OOXML members, OLE streams, decompressed VBA) one by one.

private rule vba_text {
  strings:
    $attribute = "Attribute VB_" ascii wide nocase
    $sub = /(^|\n)[ \t]*((Private|Public) )?(Sub|Function) [A-Za-z_]/ ascii wide nocase
    $end = /End (Sub|Function)/ ascii wide nocase
  condition:
    filesize < 8MB and ($attribute or ($sub and $end))
}

rule office_macro_runs_command {
  meta:
    name = "Macro.AutoRun.Command"
    description = "A macro that starts by itself and starts a program"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1204/002/"
  strings:
    $auto = /(Auto_?Open|Auto_?Exec|Auto_?Close|Document_?(Open|Close|New)|Workbook_(Open|Activate|BeforeClose)|App_WorkbookOpen|Worksheet_Activate)[ \t]*\(/ ascii wide nocase
    $shell1 = /\bShell[ \t]*\(?[ \t]*["A-Za-z_]/ ascii wide nocase
    $shell2 = /WScript\.Shell/ ascii wide nocase
    $shell3 = /Shell\.Application/ ascii wide nocase
    $shell4 = /winmgmts:/ ascii wide nocase
    $shell5 = /(powershell|cmd(\.exe)?[ \t]+\/c|mshta|rundll32|regsvr32)/ ascii wide nocase
    $shell6 = /(CreateProcessA|CreateProcessW|ShellExecuteA|ShellExecuteW|CreateThread|VirtualAlloc)/ ascii wide
  condition:
    vba_text and $auto and any of ($shell*)
}

rule office_macro_downloads {
  meta:
    name = "Macro.AutoRun.Download"
    description = "A macro that starts by itself and fetches something from the net"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1105/"
  strings:
    $auto = /(Auto_?Open|Auto_?Exec|Document_?(Open|Close|New)|Workbook_(Open|Activate))[ \t]*\(/ ascii wide nocase
    $net1 = /URLDownloadToFile/ ascii wide nocase
    $net2 = /MSXML2\.(Server)?XMLHTTP/ ascii wide nocase
    $net3 = /WinHttp\.WinHttpRequest/ ascii wide nocase
    $net4 = /InternetExplorer\.Application/ ascii wide nocase
    $net5 = /ADODB\.Stream/ ascii wide nocase
  condition:
    vba_text and $auto and any of ($net*)
}

rule office_macro_starts_by_itself {
  meta:
    name = "Macro.AutoRun"
    description = "A macro that starts by itself when the document is opened"
    severity = "suspicious"
    reference = "https://attack.mitre.org/techniques/T1137/001/"
  strings:
    $auto = /Sub[ \t]+(Auto_?Open|Auto_?Exec|Document_?Open|Workbook_Open)[ \t]*\(/ ascii wide nocase
  condition:
    vba_text and $auto
}

rule office_excel4_macro {
  meta:
    name = "Macro.Excel4.Command"
    description = "An Excel 4 macro sheet that runs a program or calls a library"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1059/005/"
  strings:
    $sheet = /<(\w+:)?macrosheet[ >]/ ascii nocase
    $formula = /<(\w+:)?f>[^<]{0,200}\b(EXEC|CALL|REGISTER|FORMULA\.FILL)\(/ ascii nocase
  condition:
    filesize < 8MB and $sheet and $formula
}

rule office_dde_command {
  meta:
    name = "Document.DDE.Command"
    description = "A field that starts a program through DDE"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1559/002/"
  strings:
    $field = /<w:(instrText|fldSimple)[^>]{0,200}>?[^<]{0,60}DDE(AUTO)?[ "&]/ ascii nocase
    $sheet = /<ddeLink[^>]{0,80}ddeService="(cmd|powershell|mshta|msexcel|rundll32)"/ ascii nocase
    $formula = /(^|[\r\n,;"])[=+@-](cmd|powershell|mshta|rundll32|msexcel)(\.exe)?\|/ ascii nocase
  condition:
    filesize < 8MB and any of them
}

rule office_remote_template {
  meta:
    name = "Document.RemoteTemplate"
    description = "A document that loads its template from the net"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1221/"
  strings:
    $relation1 = /<Relationship [^>]{0,400}\/attachedTemplate"[^>]{0,400}Target="(https?|ftp|file|mhtml|\\\\)[^"]{0,400}"[^>]{0,200}>/ ascii nocase
    $relation2 = /<Relationship [^>]{0,400}Target="(https?|ftp|mhtml|\\\\)[^"]{0,400}"[^>]{0,400}\/attachedTemplate"/ ascii nocase
    $rtf = /\{\\\*\\template[ ]{1,4}(https?:|ftp:|\\\\\\\\)/ ascii nocase
  condition:
    filesize < 4MB and any of them
}

rule office_remote_object {
  meta:
    name = "Document.RemoteObject"
    description = "A document that loads an object or a frame from the net as it opens"
    severity = "block"
    reference = "https://msrc.microsoft.com/update-guide/vulnerability/CVE-2022-30190"
  strings:
    $object = /<Relationship [^>]{0,400}\/(oleObject|frame|subDocument)"[^>]{0,400}Target="(mhtml:|https?:\/\/[^"]{1,300}(!|x-usc:|\.hta|\.rtf|\.sct)|\\\\)/ ascii nocase
    $reverse = /<Relationship [^>]{0,400}Target="(mhtml:|https?:\/\/[^"]{1,300}(!|x-usc:|\.hta|\.rtf|\.sct)|\\\\)[^>]{0,400}\/(oleObject|frame|subDocument)"/ ascii nocase
  condition:
    filesize < 4MB and any of them
}

rule html_msdt_protocol {
  meta:
    name = "Exploit.MSDT"
    description = "A page that runs code through the diagnostics protocol handler"
    severity = "block"
    reference = "https://msrc.microsoft.com/update-guide/vulnerability/CVE-2022-30190"
  strings:
    $scheme = /ms-msdt:[^\s"']{0,80}(\/id|-id)/ ascii wide nocase
    $browse = "IT_BrowseForFile" ascii wide nocase
  condition:
    filesize < 4MB and all of them
}

private rule is_rtf {
  condition:
    filesize < 32MB and uint32(0) == 0x74725c7b
}

rule rtf_equation_editor {
  meta:
    name = "Exploit.RTF.Equation"
    description = "RTF with an object for the old equation editor"
    severity = "block"
    reference = "https://msrc.microsoft.com/update-guide/vulnerability/CVE-2017-11882"
  strings:
    $class = /\\objclass[ ]{1,4}Equation\.3/ ascii nocase
    $hex = /4\s{0,4}5\s{0,4}7\s{0,4}1\s{0,4}7\s{0,4}5\s{0,4}6\s{0,4}1\s{0,4}7\s{0,4}4\s{0,4}6\s{0,4}9\s{0,4}6\s{0,4}f\s{0,4}6\s{0,4}e\s{0,4}2\s{0,4}e\s{0,4}3\s{0,4}3/ ascii nocase
    $clsid = "02ce020000000000c000000000000046" ascii nocase
  condition:
    is_rtf and any of them
}

rule rtf_object_updates_itself {
  meta:
    name = "Document.RTF.ObjectUpdate"
    description = "RTF whose embedded object is loaded without a click"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1203/"
  strings:
    $update = "\\objupdate" ascii nocase
    $data = "\\objdata" ascii nocase
    $kind = /\\obj(emb|ocx|link|autlink|html)/ ascii nocase
  condition:
    is_rtf and $update and $data and $kind
}

rule rtf_holds_program {
  meta:
    name = "Document.RTF.Program"
    description = "RTF with a Windows program in an object"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1204/002/"
  strings:
    $stub = "546869732070726f6772616d2063616e6e6f742062652072756e20696e20444f53206d6f6465" ascii nocase
  condition:
    is_rtf and $stub
}

rule onenote_holds_script {
  meta:
    name = "Document.OneNote.Program"
    description = "A OneNote section with an embedded script or program"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1566/001/"
  strings:
    $file_store = { e7 16 e3 bd 65 26 11 45 a4 c4 8d 4d 0b 7a 9e ac }
    $name = /\.(hta|vbs|vbe|js|jse|wsf|cmd|bat|ps1|exe|scr|chm|lnk)\x00/ wide nocase
    $script = /(WScript\.Shell|<script|powershell|cmd(\.exe)? \/c|ActiveXObject|@echo off)/ ascii wide nocase
    $program = "This program cannot be run in DOS mode" ascii
  condition:
    uint32(0) == 0x7b5c52e4 and $file_store and ($name or $script or $program)
}

rule ole_package_holds_program {
  meta:
    name = "Document.Package.Program"
    description = "A packaged object that is a program or a script"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1204/002/"
  condition:
    filepath matches /Ole10Native\/[^\/]*$/ and
    filename matches /\.(exe|scr|com|pif|cpl|js|jse|vbs|vbe|wsf|hta|lnk|ps1|bat|cmd|jar|msi)$/i
}
