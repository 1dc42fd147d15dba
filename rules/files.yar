// Files that are not what they seem, and programs with marks of their trade.

rule double_extension {
  meta:
    name = "Name.DoubleExtension"
    description = "A program whose name ends like that of a document"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1036/007/"
  condition:
    filename matches /\.(pdf|docx?|xlsx?|pptx?|rtf|odt|txt|csv|jpe?g|png|gif|bmp|mp3|mp4|avi|html?|zip)[ _\t\xc2\xa0]*\.(exe|scr|com|pif|cpl|bat|cmd|js|jse|vbs|vbe|wsf|wsh|hta|lnk|ps1|jar|msi|msc)$/i
}

rule reversed_name {
  meta:
    name = "Name.RightToLeft"
    description = "A name that is shown in another order than it has, to hide its ending"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1036/002/"
  condition:
    filename matches /\xe2\x80[\xae\xad]|\xe2\x81[\xa6\xa7\xa8]/
}

rule shortcut_runs_command {
  meta:
    name = "Shortcut.Command"
    description = "A Windows shortcut that starts a command interpreter"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1204/002/"
  strings:
    $program = /(powershell|pwsh|cmd\.exe|mshta|wscript|cscript|rundll32|regsvr32|msiexec|certutil|bitsadmin|forfiles|conhost)/ ascii wide nocase
    $argument = /([-\/](enc|ec |encodedcommand|windowstyle|w hid|nop|noprofile|exec |executionpolicy|c |k )|javascript:|\.(vbs|hta|ps1|bat)\b)/ ascii wide nocase
    $address = "http" wide nocase
    $script = /\.(js|dll)\b/ wide nocase
  condition:
    filesize < 1MB and uint32(0) == 0x0000004c and uint32(4) == 0x00021401 and $program and ($argument or $address or $script)
}

rule internet_shortcut_to_share {
  meta:
    name = "Shortcut.Remote"
    description = "A link file that starts or loads something from a foreign share"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1187/"
  strings:
    $section = /\[(InternetShortcut|Shell)\]/ ascii wide nocase
    $url = /\bURL[ \t]*=[ \t]*(file:\/\/|\\\\)[^\r\n]{3,200}/ ascii wide nocase
    $icon = /\bIconFile[ \t]*=[ \t]*\\\\[^\r\n]{3,200}/ ascii wide nocase
    $directory = /\bWorkingDirectory[ \t]*=[ \t]*\\\\[^\r\n]{3,200}/ ascii wide nocase
  condition:
    filesize < 64KB and $section in (0..512) and ($url or $icon or $directory)
}

rule setting_content {
  meta:
    name = "Shortcut.SettingContent"
    description = "A settings link or library file that starts a program or leads to a foreign share"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1204/002/"
  strings:
    $link = /<DeepLink>[^<]{0,200}(cmd|powershell|mshta|rundll32|\.exe)[^<]{0,400}<\/DeepLink>/ ascii wide nocase
    $library = /<libraryDescription[\s>]/ ascii wide nocase
    $location = /<url>[ \t]*(https?:\/\/|\\\\)[^<]{3,200}<\/url>/ ascii wide nocase
  condition:
    filesize < 64KB and ($link or ($library and $location))
}

private rule is_picture {
  condition:
    uint32be(0) == 0x89504e47 or uint32be(0) == 0x47494638 or uint16be(0) == 0xffd8 or
    (uint16be(0) == 0x424d and uint32(6) == 0) or (uint32be(0) == 0x52494646 and uint32be(8) == 0x57454250)
}

rule picture_holds_php {
  meta:
    name = "Polyglot.Picture.PHP"
    description = "A picture with PHP in it, for a server that runs what is uploaded"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
  strings:
    $php = /<\?php[ \t\r\n][\x09\x0a\x0d\x20-\x7e]{12}/ ascii nocase
    $short = /<\?=?[ \t]*(eval|assert|system|exec|passthru|`?\$_(GET|POST|REQUEST))/ ascii nocase
  condition:
    is_picture and any of them
}

rule picture_holds_script {
  meta:
    name = "Polyglot.Picture.Script"
    description = "A picture that a browser can also read as a script or a page"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1027/009/"
  strings:
    $comment = { 47 49 46 38 (37 | 39) 61 2f 2a }
    $assign = /^GIF8[79]a[ \t]{0,4}=/
    $bitmap = "BM/*"
    $script = /<script[^>\x00-\x08]{0,80}>[\x09\x0a\x0d\x20-\x7e]{20,2000}<\/script>/ ascii nocase
  condition:
    (is_picture or $bitmap at 0) and ($comment at 0 or $assign at 0 or $bitmap at 0 or $script)
}

rule picture_holds_java {
  meta:
    name = "Polyglot.Picture.Archive"
    description = "A picture with an archive of programs at its end"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1027/009/"
  strings:
    $directory = { 50 4b 01 02 }
    $end = { 50 4b 05 06 }
    $member = /PK\x03\x04.{22}[^\x00]{1,120}\.(class|exe|dll|js|jse|vbs|hta|lnk|bat|ps1|php)/
  condition:
    is_picture and all of them
}

rule picture_holds_program {
  meta:
    name = "Polyglot.Picture.Program"
    description = "A picture with a Windows program in it"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1027/009/"
  strings:
    $program = { 4d 5a [56-140] 54 68 69 73 20 70 72 6f 67 72 61 6d 20 63 61 6e 6e 6f 74 20 62 65 20 72 75 6e }
  condition:
    is_picture and $program
}

rule disk_image_holds_shortcut {
  meta:
    name = "DiskImage.Shortcut"
    description = "A disk image with a shortcut and a program: the shortcut starts what Windows would have warned of"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1553/005/"
  strings:
    $mark = "CD001" ascii
    $shortcut = /\.LNK(;1|\x00)/ ascii wide nocase
    $program = /\.(EXE|DLL|VBS|JSE|BAT|CMD|PS1|HTA|CPL)(;1|\x00)/ ascii wide nocase
    $lnk = { 4c 00 00 00 01 14 02 00 00 00 00 00 c0 00 00 00 00 00 00 46 }
  condition:
    $mark at 32769 and $lnk and $shortcut and $program
}

rule program_dumps_credentials {
  meta:
    name = "HackTool.Credentials"
    description = "A tool that reads passwords from the memory of Windows"
    severity = "block"
    reference = "https://attack.mitre.org/software/S0002/"
  strings:
    $name1 = /sekurlsa:{2}/ ascii wide nocase
    $name2 = /kerberos:{2}golden/ ascii wide nocase
    $name3 = /lsadump:{2}/ ascii wide nocase
    $name4 = "gentilkiwi" ascii wide nocase
    $name5 = /privilege:{2}debug/ ascii wide nocase
  condition:
    filesize < 32MB and 3 of them
}

rule stager_cobalt_strike {
  meta:
    name = "Stager.Beacon"
    description = "A script that loads a well-known attack tool into memory"
    severity = "block"
    reference = "https://attack.mitre.org/software/S0154/"
  strings:
    $proc = /func_get_proc_address/ ascii wide nocase
    $delegate = /func_get_delegate_type/ ascii wide nocase
    $alloc = /(VirtualAlloc|GetDelegateForFunctionPointer)/ ascii wide
    $bytes = /\[(System\.)?Convert\]::FromBase64String\(/ ascii wide nocase
  condition:
    filesize < 8MB and $alloc and $bytes and ($proc or $delegate)
}

rule elf_device_bot {
  meta:
    name = "Botnet.Device"
    description = "A Linux program that spreads to devices with known passwords"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1498/"
  strings:
    $busybox = /\/bin\/busybox[ \t]+[A-Z0-9]{3,12}\b/ ascii
    $fetch = /(tftp|wget)[ \t][^\r\n\x00]{0,120}(-g[ \t]|https?:\/\/)[^\r\n\x00]{4,120}/ ascii
    $kill = "/proc/net/tcp" ascii
    $watchdog = "/dev/watchdog" ascii
    $telnet = /(enable|system|linuxshell)\x00/ ascii
  condition:
    filesize < 4MB and uint32be(0) == 0x7f454c46 and $busybox and $watchdog and ($fetch or ($kill and $telnet))
}

rule android_banking_trojan {
  meta:
    name = "Android.Banker"
    description = "An app that asks for all that is needed to read messages and act for its user"
    severity = "suspicious"
    reference = "https://attack.mitre.org/techniques/T1453/"
  strings:
    $accessibility = "android.permission.BIND_ACCESSIBILITY_SERVICE" ascii wide
    $admin = "android.permission.BIND_DEVICE_ADMIN" ascii wide
    $read = "android.permission.RECEIVE_SMS" ascii wide
    $send = "android.permission.SEND_SMS" ascii wide
    $overlay = "android.permission.SYSTEM_ALERT_WINDOW" ascii wide
  condition:
    filesize < 1MB and uint32be(0) == 0x03000800 and all of them
}

rule macho_steals_wallets {
  meta:
    name = "Stealer.macOS"
    description = "A Mac program that collects browser secrets and wallets"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1555/003/"
  strings:
    $chrome = "Library/Application Support/Google/Chrome" ascii
    $wallet1 = "Exodus" ascii
    $wallet2 = "Electrum" ascii
    $wallet3 = "Coinomi" ascii
    $keychain = "login.keychain-db" ascii
    $script = "osascript" ascii
  condition:
    filesize < 64MB and (uint32be(0) == 0xcafebabe or uint32(0) == 0xfeedfacf or uint32(0) == 0xfeedface) and
    $chrome and $keychain and $script and 2 of ($wallet*)
}
