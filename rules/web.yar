// What is meant for a web server or a browser: web shells, smuggled downloads, phishing pages.

rule webshell_php {
  meta:
    name = "Webshell.PHP"
    description = "PHP that runs what a request tells it"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
  strings:
    $tag = /<\?(php|=|\s)/ ascii nocase
    $run = /\b(eval|assert|system|exec|shell_exec|passthru|popen|proc_open|pcntl_exec|create_function)[ \t]*\([ \t@]{0,8}(\w{1,40}[ \t]*\([ \t]*){0,4}\$_(GET|POST|REQUEST|COOKIE|SERVER|FILES)\b/ ascii nocase
    $backtick = /`[ \t]*(\{)?\$_(GET|POST|REQUEST|COOKIE)\b/ ascii
    $call = /\$_(GET|POST|REQUEST|COOKIE)[ \t]*\[[^\]]{1,40}\][ \t]*\([ \t]*\$_(GET|POST|REQUEST|COOKIE)\b/ ascii
    $replace = /preg_replace[ \t]*\([ \t]*["'][^"']{0,40}\/[a-z]{0,6}e[a-z]{0,6}["'][^\r\n]{0,80}\$_(GET|POST|REQUEST|COOKIE)\b/ ascii nocase
  condition:
    filesize < 2MB and $tag and ($run or $backtick or $call or $replace)
}

rule webshell_php_packed {
  meta:
    name = "Webshell.PHP.Packed"
    description = "PHP that evaluates what it unpacks"
    severity = "suspicious"
    reference = "https://attack.mitre.org/techniques/T1027/"
  strings:
    $tag = /<\?(php|=|\s)/ ascii nocase
    $unpack = /\b(eval|assert)[ \t]*\([ \t@]{0,8}((gzinflate|gzuncompress|gzdecode|str_rot13|strrev|base64_decode|rawurldecode|hex2bin|convert_uudecode)[ \t]*\([ \t]*){1,8}["'$]/ ascii nocase
  condition:
    filesize < 4MB and all of them
}

rule webshell_jsp {
  meta:
    name = "Webshell.JSP"
    description = "A Java server page that runs what a request tells it"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
  strings:
    $page = /<%|<jsp:/ ascii nocase
    $parameter = /request\.get(Parameter|Header|InputStream|Reader)[ \t]*\(/ ascii
    $exec = /(getRuntime\(\)[ \t\r\n]*\.[ \t\r\n]*exec[ \t]*\(|new[ \t]+ProcessBuilder[ \t]*\(|\.defineClass[ \t]*\()/ ascii
  condition:
    filesize < 1MB and all of them
}

rule webshell_aspx {
  meta:
    name = "Webshell.ASPX"
    description = "An ASP or ASP.NET page that runs what a request tells it"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1505/003/"
  strings:
    $page = /<%@?|<script[^>]{0,80}runat=/ ascii nocase
    $eval = /\b(eval|execute|executeglobal)[ \t]*\(?[ \t]*request[ \t]*(\.(item|form|querystring|params))?[ \t]*[\[(]/ ascii nocase
    $process = /(ProcessStartInfo|Process\.Start|WScript\.Shell)/ ascii nocase
    $request = /Request[ \t]*(\.(Item|Form|QueryString|Params|Headers))?[ \t]*[\[(][ \t]*"/ ascii nocase
    $command = /(cmd\.exe|\/c[ \t"]|powershell)/ ascii nocase
  condition:
    filesize < 1MB and $page and ($eval or ($process and $request and $command))
}

rule html_smuggling {
  meta:
    name = "HTML.Smuggling"
    description = "A page that puts a program or an archive together and hands it over as a download"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1027/006/"
  strings:
    $save1 = /navigator\.msSave(OrOpen)?Blob/ ascii nocase
    $save2 = /URL\.createObjectURL[ \t]*\(/ ascii nocase
    $save3 = /\.download[ \t]*=/ ascii nocase
    $save4 = /href[ \t]*=[ \t]*["']data:application\/(octet-stream|zip|x-msdownload|x-iso9660-image)[^"']{0,40};base64,(TV[qprs]|UEsDB|AAAA)/ ascii nocase
    $decode = /(atob|base64ToArrayBuffer|fromCharCode|charCodeAt)[ \t]*\(/ ascii nocase
    $payload = /["'`](TV[qprs][QA]AA|UEsDBB|UEsDBA|N3q8ryccA|UmFyIRoH)[A-Za-z0-9+\/]{100}/ ascii
  condition:
    filesize < 32MB and ($save4 or ($payload and $decode and ($save1 or ($save2 and $save3))))
}

private rule is_svg {
  strings:
    $svg = /<svg[\s>]/ ascii wide nocase
    $page = /<(html|head|body|!doctype html)[\s>]/ ascii wide nocase
  condition:
    filesize < 8MB and $svg in (0..4096) and not $page in (0..4096)
}

rule svg_redirects {
  meta:
    name = "SVG.Script.Redirect"
    description = "A picture with a script that decodes something or leads elsewhere"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1027/017/"
  strings:
    $script = /<script|\bon(load|click|error|mouseover|begin)[ \t]*=|javascript:/ ascii wide nocase
    $leads = /(window|document|top|self|parent)\.location(\.href)?[ \t]*=|location\.(replace|assign)[ \t]*\(|window\.open[ \t]*\(/ ascii wide nocase
    $decodes = /(atob|unescape|eval|Function)[ \t]*\(/ ascii wide nocase
    $smuggles = /createObjectURL|msSaveOrOpenBlob/ ascii wide nocase
  condition:
    is_svg and $script and ($leads or $decodes or $smuggles)
}

rule svg_script {
  meta:
    name = "SVG.Script"
    description = "A picture with a script"
    severity = "suspicious"
    reference = "https://attack.mitre.org/techniques/T1059/007/"
  strings:
    $script = /<script[\s>]/ ascii wide nocase
  condition:
    is_svg and $script
}

rule phishing_form_to_bot {
  meta:
    name = "Phishing.Form.Bot"
    description = "A page that sends a password to a chat bot"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1598/003/"
  strings:
    $password = /<input[^>]{0,200}type[ \t]*=[ \t]*["']?password/ ascii nocase
    $bot = /api\.telegram\.org\/bot|discord(app)?\.com\/api\/webhooks\// ascii nocase
  condition:
    filesize < 4MB and all of them
}

rule phishing_form_of_known_service {
  meta:
    name = "Phishing.Form"
    description = "A page that looks like the sign-in of a known service and posts the password elsewhere"
    severity = "suspicious"
    reference = "https://attack.mitre.org/techniques/T1566/002/"
  strings:
    $title = /<title>[^<]{0,80}(Office ?365|Microsoft|Outlook|OneDrive|SharePoint|DocuSign|PayPal|DHL|Adobe|WeTransfer)[^<]{0,80}<\/title>/ ascii wide nocase
    $password = /<input[^>]{0,200}type[ \t]*=[ \t]*["']?password/ ascii wide nocase
    $post = /\baction[ \t]{0,4}=[ \t]{0,4}["']?https?:\/\/[^"'\s>]{1,200}\.php\b/ ascii wide nocase
    $send = /(\$\.ajax|\bfetch|axios\.post|\.open)[ \t]{0,4}\([^;]{1,80}https?:\/\/[^"'\s>]{1,200}\.php\b/ ascii wide nocase
  condition:
    filesize < 4MB and $title and $password and ($post or $send)
}

rule coin_miner {
  meta:
    name = "CoinMiner"
    description = "A program or configuration that mines coins for somebody else"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1496/"
  strings:
    $pool = /stratum\+(tcp|ssl|tls):\/\/[a-z0-9.-]{4,80}:\d{2,5}/ ascii wide nocase
    $xmrig = /"(donate-level|rx\/0|randomx|coin)"[ \t]*:/ ascii
    $flags = /(--donate-level|-o[ \t]+stratum|--algo[= ](rx\/0|cryptonight|randomx))/ ascii nocase
    $browser = /(CoinHive|CryptoLoot|deepMiner|Client)\.(Anonymous|User)[ \t]*\([ \t]*["'][A-Za-z0-9]{16,64}["']/ ascii
    $browser_start = /\.start[ \t]*\(/ ascii
  condition:
    filesize < 16MB and (($pool and ($xmrig or $flags)) or ($browser and $browser_start))
}

rule ransom_note {
  meta:
    name = "Ransomware.Note"
    description = "A letter that asks money for files it says are encrypted"
    severity = "block"
    reference = "https://attack.mitre.org/techniques/T1486/"
  strings:
    $locked = /(your|all|important)[ \t]+(\w+[ \t]+){0,4}(files|documents|data|databases|network)[^.!]{0,80}(have been|has been|were|are|was)[ \t]+(\w+[ \t]+){0,2}(encrypted|locked)/ ascii wide nocase
    $decrypt = /(decrypt(or|ion)?[ \t]+(key|tool|software|program|your files)|private key|recover your (files|data))/ ascii wide nocase
    $pay = /(bitcoin|monero|\bBTC\b|\bXMR\b|ransom|payment)/ ascii wide nocase
    $contact = /([a-z2-7]{16}|[a-z2-7]{56})\.onion|tor browser|@(proton(mail)?|tutanota|onionmail|cock)\.|qTox|session id/ ascii wide nocase
    $threat = /(do not (rename|try|attempt|use third)|will be (lost|deleted|published|sold|leaked)|free decryption|personal id)/ ascii wide nocase
  condition:
    filesize < 256KB and all of them
}
