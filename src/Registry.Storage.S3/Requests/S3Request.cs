using System.Net;
using System.Net.Http.Headers;

namespace Registry.Storage.S3.Requests;

/// <summary>Request about the bytes of one object, which can be repeated.</summary>
/// <param name="Method">Its method.</param>
/// <param name="Key">Key of the object, below the prefix.</param>
internal sealed record S3Request(HttpMethod Method, string Key)
{
    /// <summary>Parameters of the address, in the order of their names.</summary>
    public (string Name, string Value)[] Query { get; init; } = [];

    /// <summary>True for a part of a multipart upload.</summary>
    public bool IsPart => Query.Length > 0;

    /// <summary>Its kind, for metrics.</summary>
    public S3Operation Operation => IsPart ? S3Operation.Part
        : Method == HttpMethod.Get ? S3Operation.Get
        : Method == HttpMethod.Head ? S3Operation.Head
        : S3Operation.Put;

    /// <summary>Bytes to send; null for none.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>>? Content { get; init; }

    /// <summary>Checksum that the store compares the bytes with; null for none.</summary>
    public byte[]? Md5 { get; init; }

    /// <summary>Range to read; null for all bytes.</summary>
    public RangeHeaderValue? Range { get; init; }

    /// <summary>Tag that the object must still have; null for any.</summary>
    public EntityTagHeaderValue? IfMatch { get; init; }

    /// <summary>Status, beside those of success, that is an answer and no fault.</summary>
    public HttpStatusCode? Expected { get; init; }
}
