using System.Text.Json.Serialization;

namespace Registry.Bench.Reports;

/// <summary>What a sample counts.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Unit>))]
internal enum Unit
{
    Bytes,
    Requests,
    Images,
}
