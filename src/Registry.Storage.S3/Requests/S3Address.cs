namespace Registry.Storage.S3.Requests;

/// <summary>Addresses of the objects of a bucket, below the prefix of the settings.</summary>
internal sealed class S3Address
{
    private readonly string _path;

    /// <param name="settings">Endpoint, bucket, prefix and style.</param>
    public S3Address(S3Settings settings)
    {
        Endpoint = settings.Endpoint ?? new Uri($"https://s3.{settings.Region}.amazonaws.com");
        Bucket = settings.Bucket;
        Prefix = settings.Prefix.Length == 0 ? string.Empty : $"{settings.Prefix}/";
        Origin = settings.PathStyle ? Endpoint : new UriBuilder(Endpoint) { Host = $"{settings.Bucket}.{Endpoint.Host}" }.Uri;
        _path = $"{Endpoint.AbsolutePath.TrimEnd('/')}{(settings.PathStyle ? $"/{Encode(settings.Bucket)}" : string.Empty)}";
    }

    /// <summary>Address of the store.</summary>
    public Uri Endpoint { get; }

    /// <summary>Scheme, host and port of requests about the bucket.</summary>
    public Uri Origin { get; }

    /// <summary>The bucket.</summary>
    public string Bucket { get; }

    /// <summary>Beginning of all keys, with its slash; empty for the whole bucket.</summary>
    public string Prefix { get; }

    /// <summary>Key in the bucket.</summary>
    public string FullKey(string key) => Prefix + key;

    /// <summary>Key below the prefix.</summary>
    public string ShortKey(string fullKey) => fullKey[Prefix.Length..];

    /// <summary>Path of an object, encoded as its signature demands.</summary>
    public string PathOf(string key) => $"{_path}/{string.Join('/', FullKey(key).Split('/').Select(Encode))}";

    /// <summary>Encodes everything but unreserved characters (RFC 3986, section 2.3), as signatures of AWS demand.</summary>
    public static string Encode(string text) => Uri.EscapeDataString(text);

    /// <inheritdoc/>
    public override string ToString() => $"the bucket {Bucket} at {Endpoint.GetLeftPart(UriPartial.Authority)}";
}
