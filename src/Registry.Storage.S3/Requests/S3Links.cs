using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Amazon.Runtime;

namespace Registry.Storage.S3.Requests;

/// <summary>
/// Presigned addresses, which allow one request about one object for a short time (Amazon S3 API, "Authenticating Requests: Using Query Parameters"). Signed
/// here, since the SDK signs such addresses with the clock of the machine.
/// </summary>
/// <param name="address">Addresses of the bucket.</param>
/// <param name="region">Region that requests are signed for.</param>
/// <param name="credentials">Credentials, which the SDK renews.</param>
/// <param name="clock">Time of the store.</param>
internal sealed class S3Links(S3Address address, string region, AWSCredentials credentials, S3Clock clock)
{
    private const string Algorithm = "AWS4-HMAC-SHA256";

    // Lifetimes have whole seconds, and 0 is not valid.
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);

    private SigningKey? _key;

    /// <summary>Signs a request.</summary>
    /// <param name="method">Its method.</param>
    /// <param name="key">Key of the object.</param>
    /// <param name="lifetime">Time for which the store begins such a request, at least a second. Credentials that end earlier shorten it.</param>
    /// <param name="query">Further parameters, in the order of their names, which come after <c>X-Amz-</c>.</param>
    public async ValueTask<Uri> SignAsync(HttpMethod method, string key, TimeSpan lifetime, params (string Name, string Value)[] query)
    {
        var signer = await credentials.GetCredentialsAsync();
        return Sign(method, key, WithinCredentials(lifetime), signer, query);
    }

    // The store refuses a link whose credentials have ended. The SDK renews them before, and tells only the end of temporary ones.
    private TimeSpan WithinCredentials(TimeSpan lifetime)
    {
        if (credentials.Expiration is not { } end)
        {
            return lifetime;
        }

        var left = end.ToUniversalTime() - clock.Now.UtcDateTime;
        return left > lifetime ? lifetime : left > Shortest ? left : Shortest;
    }

    private Uri Sign(HttpMethod method, string key, TimeSpan lifetime, ImmutableCredentials signer, (string Name, string Value)[] query)
    {
        var at = clock.Now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        var scope = $"{at[..8]}/{region}/s3/aws4_request";
        var parameters = new StringBuilder()
            .Append($"X-Amz-Algorithm={Algorithm}&X-Amz-Credential={S3Address.Encode($"{signer.AccessKey}/{scope}")}&X-Amz-Date={at}")
            .Append(CultureInfo.InvariantCulture, $"&X-Amz-Expires={(int)lifetime.TotalSeconds}");
        if (signer.UseToken)
        {
            parameters.Append(CultureInfo.InvariantCulture, $"&X-Amz-Security-Token={S3Address.Encode(signer.Token)}");
        }

        parameters.Append("&X-Amz-SignedHeaders=host");
        foreach (var (name, value) in query)
        {
            parameters.Append(CultureInfo.InvariantCulture, $"&{name}={S3Address.Encode(value)}");
        }

        var path = address.PathOf(key);
        var request = $"{method.Method}\n{path}\n{parameters}\nhost:{address.Origin.Authority}\n\nhost\nUNSIGNED-PAYLOAD";
        var text = $"{Algorithm}\n{at}\n{scope}\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(request)))}";
        var signature = HMACSHA256.HashData(KeyOf(signer, at[..8]), Encoding.UTF8.GetBytes(text));
        return new Uri($"{address.Origin.GetLeftPart(UriPartial.Authority)}{path}?{parameters}&X-Amz-Signature={Convert.ToHexStringLower(signature)}");
    }

    // The same for all requests of a day.
    private byte[] KeyOf(ImmutableCredentials signer, string day)
    {
        if (Volatile.Read(ref _key) is { } known && known.Secret == signer.SecretKey && known.Day == day)
        {
            return known.Key;
        }

        var key = new[] { day, region, "s3", "aws4_request" }.Aggregate(
            Encoding.UTF8.GetBytes($"AWS4{signer.SecretKey}"), (secret, part) => HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes(part)));
        Volatile.Write(ref _key, new SigningKey(signer.SecretKey, day, key));
        return key;
    }

    private sealed record SigningKey(string Secret, string Day, byte[] Key);
}
