/** The published shape of one kind of secret. */
export interface SecretPattern {
  /** What it is, as told to people; the secret itself is never told. */
  kind: string;
  /** Global. A group named `value` is what may be a placeholder; without it the whole match is. */
  pattern: RegExp;
}

/**
 * Secrets that are known by their own look. The shapes are those the makers publish, checked against the rule set of gitleaks
 * (github.com/gitleaks/gitleaks, config/gitleaks.toml of 2026-07-22); the page that describes a shape stands beside it.
 */
export const SECRET_PATTERNS: readonly SecretPattern[] = [
  // RFC 7468; OpenPGP: RFC 9580, section 6.2
  { kind: "a private key", pattern: /-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----/g },
  { kind: "a private key", pattern: /\bPuTTY-User-Key-File-\d/g },
  // age-encryption.org/v1
  { kind: "an age key", pattern: /\bAGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}\b/g },
  // docs.digitalocean.com/reference/api: token prefixes
  { kind: "a DigitalOcean token", pattern: /\bdo[opr]_v1_[a-f0-9]{64}\b/gi },
  // docs.digitalocean.com/products/spaces: access keys
  { kind: "a Spaces access key", pattern: /\bDO(?:00|801)[0-9A-Z]{15,16}\b/g },
  // docs.aws.amazon.com/IAM: identifiers, unique id prefixes
  { kind: "an AWS access key", pattern: /\b(?:AKIA|ASIA)[A-Z2-7]{16}\b/g },
  // cloud.google.com/docs/authentication/api-keys
  { kind: "a Google API key", pattern: /\bAIza[\w-]{35}(?![\w-])/g },
  // learn.microsoft.com/azure/storage: connection strings
  { kind: "an Azure storage key", pattern: /\bAccountKey=(?<value>[A-Za-z0-9+/]{86}==)/g },
  // github.blog/2021-04-05-behind-githubs-new-authentication-token-formats
  { kind: "a GitHub token", pattern: /\bgh[opsur]_[A-Za-z0-9]{36,251}\b/g },
  { kind: "a GitHub token", pattern: /\bgithub_pat_\w{82}\b/g },
  // docs.gitlab.com/security/tokens: token prefixes
  { kind: "a GitLab token", pattern: /\bgl(?:pat|rt|dt|cbt|ptt|ft|soat|agent|imt|oas)-[\w-]{20,}/g },
  // api.slack.com/authentication/token-types
  { kind: "a Slack token", pattern: /\bxox[abeoprs]-[\w-]{10,}/g },
  { kind: "a Slack token", pattern: /\bxapp-\d-[A-Z0-9]+-\d+-[a-z0-9]+/g },
  {
    kind: "a Slack webhook address",
    pattern: /\bhooks\.slack\.com\/(?:services|workflows|triggers)\/(?<value>[A-Za-z0-9+/]{30,})/g,
  },
  // discord.com/developers/docs/resources/webhook
  {
    kind: "a Discord webhook address",
    pattern: /\bdiscord(?:app)?\.com\/api\/webhooks\/\d{17,20}\/(?<value>[\w-]{60,})/g,
  },
  // core.telegram.org/bots/api
  { kind: "a Telegram token", pattern: /\b\d{8,10}:A[A-Za-z0-9_-]{34}(?![\w-])/g },
  // docs.stripe.com/keys
  { kind: "a Stripe key", pattern: /\b[rs]k_(?:live|test)_[A-Za-z0-9]{10,}/g },
  { kind: "a Stripe key", pattern: /\bwhsec_[A-Za-z0-9+/]{32,}/g },
  // platform.openai.com/docs/api-reference/authentication
  { kind: "an OpenAI key", pattern: /\bsk-(?:[\w-]{20,}T3BlbkFJ[\w-]{20,}|(?:proj|svcacct|admin)-[\w-]{40,})/g },
  // docs.anthropic.com/en/api
  { kind: "an Anthropic key", pattern: /\bsk-ant-[a-z]+\d\d-[\w-]{80,}/g },
  // huggingface.co/docs/hub/security-tokens
  { kind: "a Hugging Face token", pattern: /\bhf_[A-Za-z]{34}\b/g },
  // replicate.com/docs/topics/security/api-tokens
  { kind: "a Replicate token", pattern: /\br8_[A-Za-z0-9]{37}\b/g },
  // console.groq.com/keys
  { kind: "a Groq key", pattern: /\bgsk_[A-Za-z0-9]{52}\b/g },
  // github.blog/changelog: npm has a new access token format (2021)
  { kind: "an npm token", pattern: /\bnpm_[A-Za-z0-9]{36}\b/g },
  // pypi.org/help: API tokens
  { kind: "a PyPI token", pattern: /\bpypi-AgEIcHlwaS5vcmc[\w-]{50,}/g },
  // docs.docker.com/security/access-tokens
  { kind: "a Docker token", pattern: /\bdckr_[po]at_[\w-]{27,}/g },
  // docs.docker.com/reference/cli/docker/login: config.json
  { kind: "a registry's login", pattern: /"auth"\s*:\s*"(?<value>[A-Za-z0-9+/]{12,}={0,2})"/g },
  // developer.hashicorp.com/vault/docs/concepts/tokens; .../terraform/cloud-docs/users-teams-organizations/api-tokens
  { kind: "a Vault token", pattern: /\bhv[sbr]\.[\w-]{24,}/g },
  { kind: "an HCP Terraform token", pattern: /\b[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{60,70}/g },
  // pulumi.com/docs/pulumi-cloud/access-management/access-tokens
  { kind: "a Pulumi token", pattern: /\bpul-[a-f0-9]{40}\b/g },
  // tailscale.com/kb/1277/key-prefixes
  { kind: "a Tailscale key", pattern: /\btskey-[a-z]+-[A-Za-z0-9]+-[A-Za-z0-9]{20,}/g },
  // grafana.com/docs/grafana/latest/administration/service-accounts
  { kind: "a Grafana token", pattern: /\bglsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}\b/g },
  { kind: "a Grafana token", pattern: /\bglc_[A-Za-z0-9+/]{32,}={0,2}/g },
  // docs.newrelic.com/docs/apis/intro-apis/new-relic-api-keys
  { kind: "a New Relic key", pattern: /\bNRAK-[A-Z0-9]{27}\b/g },
  // docs.sentry.io/account/auth-tokens
  { kind: "a Sentry token", pattern: /\bsntry[su]_[\w+/=-]{40,}/g },
  // docs.doppler.com/docs/service-tokens
  { kind: "a Doppler token", pattern: /\bdp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{40,}/g },
  // developer.1password.com/docs/service-accounts
  { kind: "a 1Password token", pattern: /\bops_eyJ[A-Za-z0-9+/]{100,}={0,3}/g },
  // docs.sendgrid.com/ui/account-and-settings/api-keys
  { kind: "a SendGrid key", pattern: /\bSG\.[\w-]{22}\.[\w-]{43}(?![\w-])/g },
  // twilio.com/docs/iam/api-keys
  { kind: "a Twilio key", pattern: /\bSK[0-9a-f]{32}\b/g },
  // documentation.mailgun.com: API keys
  { kind: "a Mailgun key", pattern: /\bkey-[a-f0-9]{32}\b/g },
  // docs.databricks.com/dev-tools/auth/pat
  { kind: "a Databricks token", pattern: /\bdapi[a-f0-9]{32}(?:-\d)?\b/g },
  // RFC 7519: header and claims both begin with {"
  { kind: "a JSON web token", pattern: /\beyJ[\w-]{15,}\.eyJ[\w-]{15,}\.[\w-]{20,}/g },
  // crypt(5): yescrypt, SHA-512, SHA-256, bcrypt, MD5; RFC 9106 argon2
  {
    kind: "a password's hash",
    pattern: /\$(?:y|gy|7|6|5|1|2[abxy]|argon2(?:id|i|d))\$[\w./,=$+-]{20,}/g,
  },
  // RFC 6750, section 2.1; RFC 7617
  {
    kind: "an Authorization header",
    pattern: /\bauthorization["']?\s*[:=]\s*["']?(?:bearer|basic|token)\s+(?<value>[\w.~+/=-]{12,})/gi,
  },
  // RFC 3986, section 3.2.1: user information in an address
  {
    kind: "a password in an address",
    pattern: /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@"'<>[\]]{0,100}:(?<value>[^\s/@"'<>[\]]{1,200})@/gi,
  },
  // curl(1): --user
  {
    kind: "a password for curl",
    pattern: /\bcurl\b[^\n|;]{0,300}?\s(?:-u|--user)[ =]["']?[^\s:"'$]{1,100}:(?<value>[^\s"']{4,})/g,
  },
  // sshpass(1); docs.docker.com/reference/cli/docker/login; dev.mysql.com: end-user guidelines for password security
  {
    kind: "a password for a command",
    pattern:
      /\b(?:sshpass|(?:docker|podman|helm\s+registry)\s+login)\b[^\n|;&]{0,200}?\s-p[ =]?["']?(?<value>[^\s"'-][^\s"']{3,})/g,
  },
  { kind: "a password for a command", pattern: /\bmysql\w{0,8}\b[^\n|;&]{0,200}?\s-p(?<value>[^\s"';|&]{4,})/g },
  // chpasswd(8)
  {
    kind: "a password for chpasswd",
    pattern: /\becho\s+(?:-\w+\s+)?["']?[\w.-]{1,32}:(?<value>[^\s"'|]{4,})["']?\s*\|\s*(?:sudo\s+)?[\w/]*chpasswd\b/g,
  },
  // dev.mysql.com: CREATE USER; postgresql.org/docs: CREATE ROLE
  { kind: "a password in SQL", pattern: /\bidentified\s+(?:with\s+\w+\s+)?by\s+["'](?<value>[^"'\n]{4,})["']/gi },
  {
    kind: "a password in SQL",
    pattern: /\b(?:user|role)\s+\S{1,64}\s+[\w ]{0,60}?\bpassword\s+'(?<value>[^'\n]{4,})'/gi,
  },
  // redis.io/docs: security
  { kind: "a password for Redis", pattern: /^[ \t]*requirepass\s+["']?(?<value>[^\s"']{4,})/gm },
  // netrc(5)
  {
    kind: "a password for a machine",
    pattern: /\bmachine\s+\S{1,200}\s+login\s+\S{1,200}\s+password\s+(?<value>\S{4,})/g,
  },
];
