using System.Net;
using System.Xml;

namespace Registry.Storage.S3.Requests;

/// <summary>Answer of the store that is neither a success nor expected.</summary>
/// <param name="status">Its status.</param>
/// <param name="code">Code of the error, such as <c>NoSuchBucket</c>; empty if the answer tells none.</param>
/// <param name="message">Message of the store.</param>
internal sealed class S3Error(HttpStatusCode status, string code, string message) : Exception(message)
{
    // An error of the store is a few hundred bytes long.
    private const int MaxBody = 64 * 1024;

    /// <summary>Status of the answer.</summary>
    public HttpStatusCode Status => status;

    /// <summary>Code of the error; empty if the answer tells none.</summary>
    public string Code => code;

    /// <summary>Reads an answer (Amazon S3 API, "Error Responses"), which is a text of XML, and none for a HEAD.</summary>
    public static async Task<S3Error> ReadAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        var (code, message) = (string.Empty, string.Empty);
        try
        {
            var body = new byte[MaxBody];
            await using var stream = await answer.Content.ReadAsStreamAsync(cancellationToken);
            var length = await stream.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, cancellationToken);
            using var reader = XmlReader.Create(new MemoryStream(body, 0, length), new XmlReaderSettings { Async = true, DtdProcessing = DtdProcessing.Prohibit });
            while (await reader.ReadAsync())
            {
                if (reader is { NodeType: XmlNodeType.Element, Depth: 1, LocalName: "Code" })
                {
                    code = await TextAsync(reader);
                }
                else if (reader is { NodeType: XmlNodeType.Element, Depth: 1, LocalName: "Message" })
                {
                    message = await TextAsync(reader);
                }
            }
        }
        catch (XmlException)
        {
            // A proxy answers in HTML, and to a HEAD nothing is said: the status must do.
        }

        return new S3Error(answer.StatusCode, code, message);
    }

    private static async Task<string> TextAsync(XmlReader reader) => await reader.ReadAsync() && reader.NodeType == XmlNodeType.Text ? reader.Value : string.Empty;
}
