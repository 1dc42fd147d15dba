// Scripts: command lines and droppers that fetch or hide code, shells that call home.

rule powershell_encoded_command {
  meta:
    name = "Script.PowerShell.Encoded"
    description = "PowerShell started with an encoded command"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1027/010/"
  strings:
    $command = /(powershell|pwsh)(\.exe)?["']?[ \t][^\r\n]{0,200}[-\/]e(nc?|nco|ncod|ncode|ncoded|ncodedcommand|c)?["']?[ \t]{1,4}["']?[A-Za-z0-9+\/]{40}/ ascii wide nocase
  condition:
    filesize < 16MB and $command
}

rule powershell_downloads_and_runs {
  meta:
    name = "Script.PowerShell.Download"
    description = "PowerShell that runs what it fetches, out of sight"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1059/001/"
  strings:
    $run = /\b(IEX|Invoke-Expression)\b/ ascii wide nocase
    $client = /\bNet\.WebClient\)?\)?\.Download(String|Data)/ ascii wide nocase
    $pipe = /\|[ \t]{0,4}(iex|Invoke-Expression)\b/ ascii wide nocase
    $web = /\b(iwr|irm|curl|wget|Invoke-WebRequest|Invoke-RestMethod)[ \t]/ ascii wide nocase
    $start = /\.DownloadFile\([^\r\n]{1,400}(Start-Process|Invoke-Item|& ?\$)/ ascii wide nocase
    // Installation guides show the rest; nobody installs in a hidden window.
    $hidden = /[-\/]w(in|indowstyle)?["']?[ \t]{1,4}["']?(h(idden)?|1)\b/ ascii wide nocase
  condition:
    filesize < 8MB and $hidden and (($run and $client) or ($pipe and $web) or $start)
}

rule powershell_switches_off_scanning {
  meta:
    name = "Script.PowerShell.AmsiBypass"
    description = "PowerShell that switches the machine's own scanner off"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1562/001/"
  strings:
    $utils = /Amsi['"+ ]{0,6}Utils/ ascii wide nocase
    $failed = /amsi['"+ ]{0,6}Init['"+ ]{0,6}Failed/ ascii wide nocase
    $patch = /Amsi['"+ ]{0,6}Scan['"+ ]{0,6}Buffer/ ascii wide nocase
    $protect = "VirtualProtect" ascii wide nocase
    $type = /(Add-Type|DllImport)/ ascii wide nocase
  condition:
    filesize < 4MB and (($utils and $failed) or ($patch and $protect and $type))
}

rule script_fetches_with_system_tool {
  meta:
    name = "Script.Lolbin.Download"
    description = "A command line that misuses a tool of the system to fetch or run remote code"
    severity = "block"
    reference = "https://lolbas-project.github.io/"
  strings:
    $certutil = /certutil(\.exe)?["']?[ \t][^\r\n]{0,80}[-\/]urlcache[^\r\n]{0,80}(https?|ftp):/ ascii wide nocase
    $bitsadmin = /bitsadmin(\.exe)?["']?[ \t][^\r\n]{0,80}\/transfer[^\r\n]{0,120}https?:/ ascii wide nocase
    $mshta = /mshta(\.exe)?["']?[ \t]{1,8}["']?(https?:|javascript:|vbscript:)/ ascii wide nocase
    $regsvr32 = /regsvr32(\.exe)?["']?[ \t][^\r\n]{0,80}\/i:["']?https?:/ ascii wide nocase
    $rundll32 = /rundll32(\.exe)?["']?[ \t]{1,8}["']?javascript:/ ascii wide nocase
    $wmic = /wmic(\.exe)?["']?[ \t][^\r\n]{0,80}\/format:["']?https?:/ ascii wide nocase
    $msiexec = /msiexec(\.exe)?["']?[ \t][^\r\n]{0,40}\/q[^\r\n]{0,40}\/i[ \t]+["']?https?:/ ascii wide nocase
  condition:
    filesize < 8MB and any of them
}

rule script_decodes_with_certutil {
  meta:
    name = "Script.Lolbin.Decode"
    description = "A batch file that unpacks a program hidden in itself"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1140/"
  strings:
    $decode = /certutil(\.exe)?["']?[ \t][^\r\n]{0,40}[-\/]decode(hex)?[ \t]/ ascii wide nocase
    $payload = /(TVqQAAMAAAA|TVpQAAIAAAA|TVoAAAAAAAA|-----BEGIN CERTIFICATE-----\s{1,4}TV)/ ascii wide
  condition:
    filesize < 16MB and all of them
}

rule script_host_dropper {
  meta:
    name = "Script.Dropper"
    description = "A Windows script that fetches a file and runs it"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1059/005/"
  strings:
    $object = /(ActiveXObject|CreateObject|GetObject)[ \t]*\(/ ascii wide nocase
    $shell = /(WScript\.Shell|Shell\.Application)/ ascii wide nocase
    $net = /(MSXML2\.(Server)?XMLHTTP|Microsoft\.XMLHTTP|WinHttp\.WinHttpRequest)/ ascii wide nocase
    $stream = /ADODB\.Stream/ ascii wide nocase
    $save = /SaveToFile/ ascii wide nocase
    $run = /\.(Run|Exec|ShellExecute)\b/ ascii wide nocase
  condition:
    filesize < 4MB and $object and $run and (($shell and $net) or ($stream and $save and $net))
}

rule script_host_runs_hidden_command {
  meta:
    name = "Script.Shell.Command"
    description = "A Windows script that starts a command interpreter"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1059/"
  strings:
    $shell = /(ActiveXObject|CreateObject)[ \t]*\([ \t]*["'](WScript\.Shell|Shell\.Application)["']/ ascii wide nocase
    $run = /\.(Run|Exec|ShellExecute)[ \t(]{1,4}[^\r\n]{0,60}(powershell|cmd(\.exe)?[ \t"']{1,4}\/c|mshta|rundll32|regsvr32)/ ascii wide nocase
  condition:
    filesize < 4MB and all of them
}

rule hta_application {
  meta:
    name = "HTA.Script"
    description = "An HTML application with a script that can start programs"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1218/005/"
  strings:
    $application = /<hta[:]application/ ascii wide nocase
    $script = /<script/ ascii wide nocase
    $power = /(WScript\.Shell|Shell\.Application|Scripting\.FileSystemObject|powershell|MSXML2|ADODB)/ ascii wide nocase
  condition:
    filesize < 8MB and all of them
}

rule script_unpacks_itself {
  meta:
    name = "Script.Obfuscated"
    description = "A script that evaluates what it decodes from a long list of numbers or escapes"
    severity = "suspicious"
    reference = "https://attack.mitre.org/techniques/T1027/"
  strings:
    $unescape = /(eval|document\.write|Function)[ \t]*\([ \t]*(unescape|decodeURIComponent)[ \t]*\([ \t]*["'](%[0-9a-f]{2}){60}/ ascii nocase
    $codes = /eval[ \t]*\([ \t]*String\.fromCharCode[ \t]*\(([ \t]*\d{1,3}[ \t]*,){60}/ ascii nocase
    $chr = /Execute(Global)?[ \t]*\(?[ \t]*(Chr\(\d{1,3}\)[ \t]*&[ \t]*){30}/ ascii nocase
  condition:
    filesize < 8MB and any of them
}

rule reverse_shell_unix {
  meta:
    name = "ReverseShell.Shell"
    description = "A shell that connects to somebody who then types the commands"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1059/004/"
  strings:
    $tcp = /(ba|z|k)?sh[ \t]+-i[ \t]*(>&|<&|&>)[ \t]*\/dev\/(tcp|udp)\/[^\s\/]{3,80}\/\d{1,5}/ ascii
    $exec = /exec[ \t]+\d{1,3}<>[ \t]*\/dev\/tcp\/[^\s\/]{3,80}\/\d{1,5}/ ascii
    $netcat = /\bn(c|cat|etcat)(\.traditional)?[ \t]+[^\r\n;|]{0,80}-(e|c)[ \t]+["']?(\/bin\/)?(ba|da|z)?sh\b/ ascii
    $fifo = /mkfifo[ \t]+(\S+)[^\r\n]{1,120}(\/bin\/)?sh[ \t]+-i[^\r\n]{1,60}\|[ \t]*(nc|ncat|netcat|openssl[ \t]+s_client)\b/ ascii
    $socat = /socat[ \t]+[^\r\n]{0,120}exec:["']?(\/bin\/)?(ba)?sh[^\r\n]{0,80}tcp[46]?:/ ascii nocase
  condition:
    filesize < 4MB and any of them
}

rule reverse_shell_interpreter {
  meta:
    name = "ReverseShell.Interpreter"
    description = "A Python, Perl, Ruby or PHP program that gives a shell to whom it connects to"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1059/006/"
  strings:
    $py_socket = /socket\.socket\(/ ascii
    $py_dup = /os\.dup2\(\w{1,40}\.fileno\(\)[ \t]*,[ \t]*[012]\)/ ascii
    $py_shell = /(subprocess\.(call|Popen|run)|pty\.spawn|os\.system)\([ \t]*\[?[ \t]*["'](\/bin\/)?(ba|z)?sh/ ascii
    $perl = /socket\(\w+,[ \t]*PF_INET[^\r\n]{1,400}open\(STDIN,[ \t]*["']>&\w+["']\)[^\r\n]{1,200}exec[ \t(]{1,4}["']\/bin\/(ba)?sh/ ascii
    $ruby = /TCPSocket\.(new|open)\([^\r\n]{1,200}(exec|popen)[ \t(]{1,4}[^\r\n]{0,60}(\/bin\/(ba)?sh|\bcmd\b)/ ascii
    $php = /fsockopen\([^\r\n]{1,200}(exec|shell_exec|system|passthru|proc_open)\([ \t]*["'](\/bin\/)?(ba)?sh[ \t]+-i/ ascii
  condition:
    filesize < 4MB and (all of ($py_*) or $perl or $ruby or $php)
}

rule reverse_shell_powershell {
  meta:
    name = "ReverseShell.PowerShell"
    description = "PowerShell that runs what comes from a connection"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1059/001/"
  strings:
    $client = /Net\.Sockets\.TCPClient\(/ ascii wide nocase
    $stream = ".GetStream()" ascii wide nocase
    $run = /\b(iex|Invoke-Expression)\b/ ascii wide nocase
    $back = /Out-String/ ascii wide nocase
  condition:
    filesize < 4MB and all of them
}

rule script_steals_mac_password {
  meta:
    name = "Script.macOS.PasswordPrompt"
    description = "A program that asks for the password in a dialogue of its own and tries it"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1056/002/"
  strings:
    $dialogue = /display[ ]dialog[^\r\n]{1,400}hidden answer/ ascii wide nocase
    $check = /(dscl[^\r\n]{1,40}-?authonly|security[ \t]+(unlock-keychain|find-generic-password)|login\.keychain)/ ascii wide nocase
  condition:
    filesize < 64MB and all of them
}

rule script_destroys_backups {
  meta:
    name = "Ransomware.ShadowCopies"
    description = "Commands that delete the copies from which files could be restored"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1490/"
  strings:
    $vssadmin = /vssadmin(\.exe)?["']?[ \t]+delete[ \t]+shadows[ \t]+\/all/ ascii wide nocase
    $wmic = /wmic(\.exe)?["']?[ \t]+shadowcopy[ \t]+delete/ ascii wide nocase
    $wbadmin = /wbadmin(\.exe)?["']?[ \t]+delete[ \t]+(catalog|systemstatebackup)/ ascii wide nocase
    $bcdedit = /bcdedit(\.exe)?["']?[ \t]+\/set[ \t][^\r\n]{0,40}(recoveryenabled[ \t]+no|ignoreallfailures)/ ascii wide nocase
  condition:
    filesize < 16MB and 2 of them
}

rule log4j_lookup {
  meta:
    name = "Exploit.Log4Shell"
    description = "Text that makes an old Log4j load code from the net"
    severity = "suspicious"
    reference = "https://nvd.nist.gov/vuln/detail/CVE-2021-44228"
  strings:
    $plain = /\$\{jndi:(ldaps?|rmi|dns|iiop|corba|nds|https?):\/\/[^\s}]{3,200}\}/ ascii nocase
    $nested = /\$\{(\$\{[^}]{1,40}\}){1,8}[^}]{0,20}:?(ldap|rmi|dns)?[^}]{0,20}:\/\/[^\s}]{3,200}\}/ ascii nocase
  condition:
    filesize < 1MB and any of them
}
