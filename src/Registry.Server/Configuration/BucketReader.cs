using System.Security.Cryptography.X509Certificates;
using Registry.Core.Configuration;
using Registry.Files;
using Registry.Storage.S3;

namespace Registry.Server.Configuration;

/// <summary>Reads the settings of the bucket.</summary>
/// <param name="settings">Reads single settings.</param>
/// <param name="faults">Receives the faults.</param>
internal sealed class BucketReader(OptionsReader settings, List<string> faults)
{
    private static readonly SettingKind<string> Endpoint = SettingKinds.Text(
        "http:// or https:// with a host, for example https://s3.example.com",
        text => Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.UserInfo.Length == 0 && url.Query.Length == 0 && url.Fragment.Length == 0);

    // AWS: "Bucket naming rules", and what other stores accept beyond them. Never a slash.
    private static readonly SettingKind<string> BucketName = SettingKinds.Text(
        "the name of an existing bucket: letters, digits, dots, hyphens and underscores", text => text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_'));

    private static readonly SettingKind<string> Prefix = SettingKinds.Text(
        "the beginning of all keys, such as team/registry: letters, digits and . - _ / without a slash at either end",
        text => text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or '/') && !text.StartsWith('/') && !text.EndsWith('/'));

    private static readonly SettingKind<string> Region = SettingKinds.Text(
        "a region, such as eu-central-1: letters, digits and hyphens", text => text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-'));

    private readonly SecretReader _secrets = new(settings, faults);

    /// <summary>
    /// Reads the settings. Those of a bucket without REGISTRY_BLOBS=s3 are a fault: blobs that are meant for a bucket never go to the disk.
    /// </summary>
    /// <returns>The bucket; null for files.</returns>
    public S3Settings? Read()
    {
        var before = faults.Count;
        var isInBucket = settings.Read("REGISTRY_BLOBS", SettingKinds.Choice([("files", false), ("s3", true)]), false);
        var isFaulty = faults.Count > before;
        var defaults = new S3Settings { Bucket = settings.ReadOptionalText("REGISTRY_S3_BUCKET", BucketName) ?? string.Empty };
        var endpoint = ReadEndpoint("REGISTRY_S3_ENDPOINT");
        var bucket = defaults with
        {
            Endpoint = endpoint,
            Region = settings.ReadOptionalText("REGISTRY_S3_REGION", Region) ?? defaults.Region,
            Prefix = settings.ReadOptionalText("REGISTRY_S3_PREFIX", Prefix) ?? defaults.Prefix,

            // Stores beside AWS seldom have a host name for each bucket.
            PathStyle = settings.ReadOptional("REGISTRY_S3_PATH_STYLE", SettingKinds.Switch) ?? endpoint is not null,
            AccessKey = _secrets.Read("REGISTRY_S3_ACCESS_KEY", "the access key"),
            SecretKey = _secrets.Read("REGISTRY_S3_SECRET_KEY", "the secret key"),
            Authorities = ReadAuthorities("REGISTRY_S3_CA"),
            Redirects = settings.ReadOptional("REGISTRY_S3_REDIRECT", SettingKinds.Switch) ?? defaults.Redirects,
            PublicEndpoint = ReadEndpoint("REGISTRY_S3_PUBLIC_ENDPOINT"),
            UploadMemory = settings.ReadOptional("REGISTRY_S3_UPLOAD_MEMORY", SettingKinds.Size(2L * defaults.PartSize)) ?? defaults.UploadMemory,
            DeleteAfter = settings.ReadOptional("REGISTRY_S3_DELETE_AFTER", SettingKinds.Time(TimeSpan.Zero)) ?? defaults.DeleteAfter,
        };
        if (isFaulty)
        {
            return null;
        }

        if (!isInBucket)
        {
            faults.AddRange(VariableNames.Bucket.Where(name => settings.Value(name) is not null)
                .Select(name => $"{name} is set, but REGISTRY_BLOBS is not s3; set REGISTRY_BLOBS=s3 as well, or unset {name}"));
            return null;
        }

        if (settings.Value("REGISTRY_S3_BUCKET") is null)
        {
            faults.Add("REGISTRY_S3_BUCKET is missing; REGISTRY_BLOBS=s3 needs it");
        }

        CheckPair("REGISTRY_S3_ACCESS_KEY", "REGISTRY_S3_SECRET_KEY");
        CheckPair("REGISTRY_S3_SECRET_KEY", "REGISTRY_S3_ACCESS_KEY");
        CheckRedirects(bucket);
        return bucket;
    }

    private void CheckRedirects(S3Settings bucket)
    {
        if (!bucket.Redirects && bucket.PublicEndpoint is not null)
        {
            faults.Add("REGISTRY_S3_PUBLIC_ENDPOINT is set, but REGISTRY_S3_REDIRECT is not true; set REGISTRY_S3_REDIRECT=true as well, or unset REGISTRY_S3_PUBLIC_ENDPOINT");
        }

        if (bucket.Redirects && bucket.DeleteAfter < S3Settings.LongestClientLink)
        {
            faults.Add(
                $"REGISTRY_S3_DELETE_AFTER is {Duration.Write(bucket.DeleteAfter)}; with REGISTRY_S3_REDIRECT=true, at least {Duration.Write(S3Settings.LongestClientLink)} is needed, for which a client may use its link to an object");
        }
    }

    private Uri? ReadEndpoint(string name) => settings.ReadOptionalText(name, Endpoint) is { } endpoint ? new Uri(endpoint) : null;

    private void CheckPair(string name, string other)
    {
        if (!_secrets.IsSet(name) && _secrets.IsSet(other))
        {
            faults.Add($"{name} is missing; {other} is set, and an access key needs both. Without either, the registry uses the credentials of its environment");
        }
    }

    private X509Certificate2Collection? ReadAuthorities(string name) =>
        settings.ReadPath(name, "a PEM file with the CA bundle for the certificate of the store") is { } path ? _secrets.ReadFile(name, path, CertificateBundle.Read) : null;
}
