using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.Versioning;
using Microsoft.AspNetCore.Http.Features;
using Registry.Server.Transport.Output;

namespace Registry.Server.Transport;

/// <summary>
/// Features of a connection: those that the connection itself implements, and the few that Kestrel and the TLS layer add. The framework's collection is a
/// dictionary, which would be a fifth of the memory of an idle connection.
/// </summary>
[SupportedOSPlatform("linux")]
[SuppressMessage("Naming", "CA1710:Identifiers should have correct suffix", Justification = "The field's word for it is features.")]
internal sealed class ConnectionFeatures(DirectConnection connection) : IFeatureCollection
{
    private readonly List<KeyValuePair<Type, object>> _added = new(6);

    public bool IsReadOnly => false;

    public int Revision { get; private set; }

    public object? this[Type key]
    {
        get
        {
            foreach (var (type, feature) in _added)
            {
                if (type == key)
                {
                    return feature;
                }
            }

            return key == typeof(IFileOutput) ? connection.Files
                : key.IsInstanceOfType(connection) ? connection
                : null;
        }

        set
        {
            Revision++;
            _added.RemoveAll(feature => feature.Key == key);
            if (value is not null)
            {
                _added.Add(new(key, value));
            }
        }
    }

    public TFeature? Get<TFeature>() => (TFeature?)this[typeof(TFeature)];

    public void Set<TFeature>(TFeature? instance) => this[typeof(TFeature)] = instance;

    public IEnumerator<KeyValuePair<Type, object>> GetEnumerator() => _added.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
