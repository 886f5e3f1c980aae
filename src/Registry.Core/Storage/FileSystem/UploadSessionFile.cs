using System.Text.Json;
using System.Text.Json.Serialization;
using Registry.Core.Oci;

namespace Registry.Core.Storage.FileSystem;

/// <summary>The <c>session</c> file of an upload: <c>{"repository":"a/b","owner":"alice","algorithm":"sha256"}</c>.</summary>
internal static partial class UploadSessionFile
{
    public static byte[] Write(UploadState upload) => JsonSerializer.SerializeToUtf8Bytes(
        new Content(upload.Repository.Value, upload.Owner, upload.Algorithm.Name), ContentJson.Default.Content);

    /// <summary>Reads the file; null when it is missing, torn or names what cannot exist.</summary>
    public static (RepositoryName Repository, string? Owner, DigestAlgorithm Algorithm)? Read(string path)
    {
        try
        {
            var content = JsonSerializer.Deserialize(File.ReadAllBytes(path), ContentJson.Default.Content);
            return content is not null
                && RepositoryName.TryParse(content.Repository, out var repository)
                && DigestAlgorithm.Find(content.Algorithm) is { } algorithm
                ? (repository, content.Owner, algorithm)
                : null;
        }
        catch (Exception e) when (e is FileNotFoundException or JsonException)
        {
            return null;
        }
    }

    internal sealed record Content(string Repository, string? Owner, string Algorithm);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    [JsonSerializable(typeof(Content))]
    internal sealed partial class ContentJson : JsonSerializerContext;
}
