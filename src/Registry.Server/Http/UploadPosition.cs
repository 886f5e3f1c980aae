using System.Buffers.Binary;
using System.Buffers.Text;
using Microsoft.AspNetCore.Http;
using Registry.Core.Uploads;

namespace Registry.Server.Http;

/// <summary>
/// Length of an upload in its Location, so that a repeated request does not append its bytes twice. Clients must not interpret it (OCI
/// distribution-spec, "Pushing a blob in chunks": the Location may hold anything), so it does not look like a number.
/// </summary>
internal static class UploadPosition
{
    /// <summary>Query parameter. CNCF distribution uses a query with this name, too, so clients keep it.</summary>
    public const string Parameter = "_state";

    /// <summary>Value of the parameter for a length in bytes.</summary>
    public static string Write(long length)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, length);
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>
    /// Reads the position from the URL of a request. Null without one, since a client may have built the URL from the session's id;
    /// <see cref="ChunkPlace.Stale"/> when the registry cannot have written the value.
    /// </summary>
    public static long? Read(IQueryCollection query)
    {
        if (!query.TryGetValue(Parameter, out var value))
        {
            return null;
        }

        Span<byte> bytes = stackalloc byte[sizeof(long)];
        var text = value.ToString();
        return Base64Url.IsValid(text, out var length) && length == bytes.Length && Base64Url.TryDecodeFromChars(text, bytes, out _)
            ? BinaryPrimitives.ReadInt64BigEndian(bytes)
            : ChunkPlace.Stale;
    }
}
