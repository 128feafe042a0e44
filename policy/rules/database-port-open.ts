import { portsRule } from "../open-ports.ts";

export const rule = portsRule({
  id: "database-port-open",
  title: "ports of databases are reached from known addresses only",
  reason:
    "Databases are made to be asked by an application beside them: many start without a password, and those that the world reaches are emptied and held to ransom by programs that look for nothing else. The ports are the defaults in the vendors' manuals.",
  fix: "name the network of the VPC (vpc.ipRange), or the droplets by sourceTags, as the source; reach it from elsewhere through ssh or a VPN",
  severity: "critical",
  ports: {
    1433: "SQL Server",
    1521: "Oracle",
    3306: "MySQL",
    "5432-5433": "PostgreSQL",
    5984: "CouchDB",
    "6333-6334": "Qdrant",
    "6379-6380": "Redis, Valkey",
    6432: "PgBouncer",
    7687: "Neo4j",
    8086: "InfluxDB",
    8529: "ArangoDB",
    9042: "Cassandra",
    9200: "Elasticsearch, OpenSearch",
    9300: "Elasticsearch, OpenSearch",
    11211: "Memcached",
    19530: "Milvus",
    26257: "CockroachDB",
    "27017-27019": "MongoDB",
    33060: "MySQL",
  },
  loadBalancers: true,
});
