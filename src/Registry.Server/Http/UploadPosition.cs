using System.Buffers.Binary;
using System.Buffers.Text;
using Microsoft.AspNetCore.Http;
using Registry.Core.Operations;

namespace Registry.Server.Http;

/// <summary>
/// The length of an upload in its Location, so that a request that is repeated does not append its bytes twice. Clients must not read it (OCI
/// distribution-spec, "Pushing a blob in chunks": the Location may hold anything), so it does not look like a number.
/// </summary>
internal static class UploadPosition
{
    /// <summary>The query parameter. CNCF distribution uses this name, and a query, so clients keep it.</summary>
    public const string Parameter = "_state";

    /// <summary>The value of the parameter at a length in bytes.</summary>
    public static string Write(long length)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, length);
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>
    /// The position in the URL of a request: null without one, since a client may have made the URL of the session's id, and
    /// <see cref="ChunkPlace.Stale"/> when the registry cannot have written it.
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
