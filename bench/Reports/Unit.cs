using System.Text.Json.Serialization;

namespace Registry.Bench.Reports;

/// <summary>Unit that a sample counts.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Unit>))]
internal enum Unit
{
    Bytes,
    Requests,
    Images,
    Handshakes,
}
