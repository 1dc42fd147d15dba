// PDF: actions that run something, scripts that exploit the reader, programs attached. The scanner
// shows YARA the inflated streams of a document as well as the file itself.

private rule is_pdf {
  strings:
    $mark = "%PDF-"
  condition:
    $mark in (0..1024)
}

rule pdf_starts_program {
  meta:
    name = "PDF.Launch.Program"
    description = "A PDF with an action that starts a program"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1204/002/"
  strings:
    $launch = /\/S\s{0,4}\/Launch\b/
    $program = /\/(F|P|Win)\b[^>]{0,300}(cmd|powershell|mshta|wscript|cscript|rundll32|\.exe|\.bat|\.vbs|\.js|\.hta|\/bin\/sh)/ nocase
  condition:
    $launch and $program and (is_pdf or filename == "object-streams")
}

rule pdf_script_runs_on_open {
  meta:
    name = "PDF.JavaScript.AutoRun"
    description = "A PDF with a script that runs as it opens"
    severity = "suspicious"
    reference = "https://attack.mitre.org/techniques/T1059/007/"
  strings:
    $open = /\/(OpenAction|AA)\b/
    $script = /\/S\s{0,4}\/JavaScript\b/
  condition:
    (is_pdf or filename == "object-streams") and all of them
}

rule pdf_script_exploits_reader {
  meta:
    name = "Exploit.PDF.JavaScript"
    description = "A PDF script with the marks of an exploit for the reader"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1203/"
  strings:
    $call1 = "Collab.collectEmailInfo" ascii wide
    $call2 = "Collab.getIcon" ascii wide
    $call3 = "media.newPlayer" ascii wide
    $call4 = /util\.printf\s{0,4}\(\s{0,4}["']%\d{4,}/ ascii wide
    $call5 = "spell.customDictionaryOpen" ascii wide
    $spray1 = /unescape\s{0,4}\(\s{0,4}["'](%u[0-9a-f]{4}){2}/ ascii wide nocase
    $spray2 = /(%u(9090|0c0c|0d0d|4141)){2}/ ascii wide nocase
  condition:
    filesize < 8MB and any of ($call*) and any of ($spray*)
}

rule pdf_drops_attachment {
  meta:
    name = "PDF.JavaScript.Drop"
    description = "A PDF whose script saves and starts what is attached to it"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1204/002/"
  strings:
    $export = /exportDataObject\s{0,4}\([^)]{0,200}nLaunch["']?\s{0,4}:\s{0,4}[12]/ ascii wide
  condition:
    filesize < 16MB and $export
}

rule pdf_holds_program {
  meta:
    name = "PDF.Attachment.Program"
    description = "A PDF with a program or a script attached"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1566/001/"
  strings:
    $embedded = /\/Type\s{0,4}\/Filespec\b|\/EmbeddedFile\b/
    $name = /\/U?F\s{0,4}\([^)]{1,200}\.(exe|scr|com|pif|js|jse|vbs|vbe|wsf|hta|lnk|ps1|bat|cmd|jar|msi|iso|img|settingcontent-ms)\)/ nocase
  condition:
    is_pdf and all of them
}
