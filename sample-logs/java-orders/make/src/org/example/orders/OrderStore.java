package org.example.orders;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import javax.sql.DataSource;

class OrderStore {
    private final DataSource db;

    OrderStore(DataSource db) { this.db = db; }

    String find(int id) throws SQLException {
        try (Connection c = db.getConnection();
             PreparedStatement p = c.prepareStatement("SELECT ref, sku, qty FROM orders WHERE id = ?")) {
            p.setInt(1, id);
            try (ResultSet r = p.executeQuery()) {
                if (!r.next()) return null;
                return "{\"ref\":\"" + r.getString(1) + "\",\"sku\":\"" + r.getString(2) + "\",\"qty\":" + r.getInt(3) + "}";
            }
        }
    }
}
