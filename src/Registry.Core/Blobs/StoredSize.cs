using System.Globalization;

namespace Registry.Core.Blobs;

/// <summary>Describes how much of a blob or manifest is stored, for messages about damage.</summary>
internal static class StoredSize
{
    /// <summary>Text such as <c>11 B</c>, or <c>nothing</c> when neither a file nor the metadata has the content.</summary>
    public static string Describe(long? bytes) => bytes is { } found ? string.Create(CultureInfo.InvariantCulture, $"{found} B") : "nothing";
}
